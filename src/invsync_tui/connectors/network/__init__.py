"""Between a connector and a server: certificates, what is read of an answer, the log of requests, causes of failures."""
