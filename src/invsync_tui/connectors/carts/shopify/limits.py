"""How much is asked of a Shopify at once, and when a bulk operation is worth it. The page of the connector says these numbers."""

from __future__ import annotations

INPUT_MOST = 250
"""Rows of a mutation, see "Input arguments" of Shopify's API limits."""
PAGE_MOST = 200
"""Variants of a page: one of 250 would cost 1,003 points, and a query may cost 1,000."""
BULK_FROM = 2000
"""Variants from which a bulk operation is worth it: by pages they take more than a minute at 50 points a second."""
BULK_WAIT = 45.0
"""Seconds that a run waits for one; then the run ends, and another one goes on."""
