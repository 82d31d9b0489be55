// A Vendure server for the tests: one process, an in-memory database that can be loaded from and saved to a file.
// Started by vendure.py with NODE_PATH on the cached packages; prints READY when it serves.
// A line "SAVE <file>" on stdin writes the database there and is answered by SAVED.
'use strict';
const fs = require('fs');
const readline = require('readline');
const { bootstrap, DefaultLogger, dummyPaymentHandler, LogLevel, TransactionalConnection } = require('@vendure/core');

const { PORT, DATABASE, LOGIN, PASSWORD } = process.env;

const config = {
  logger: new DefaultLogger({ level: LogLevel.Warn }),
  apiOptions: { hostname: '127.0.0.1', port: Number(PORT), adminApiPath: 'admin-api', shopApiPath: 'shop-api' },
  authOptions: {
    tokenMethod: ['bearer'],
    superadminCredentials: { identifier: LOGIN, password: PASSWORD },
    requireVerification: false,
  },
  dbConnectionOptions: {
    type: 'sqljs',
    autoSave: false,
    synchronize: true,
    logging: false,
    ...(DATABASE ? { database: new Uint8Array(fs.readFileSync(DATABASE)) } : {}),
  },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  plugins: [],
};

bootstrap(config).then(app => {
  const database = app.get(TransactionalConnection).rawConnection.sqljsManager;
  readline.createInterface({ input: process.stdin }).on('line', line => {
    fs.writeFileSync(line.replace(/^SAVE /, ''), database.exportDatabase());
    console.log('SAVED');
  }).on('close', () => process.exit(0)); // the test process is gone: never outlive it
  console.log('READY');
}, error => {
  console.error(error);
  process.exit(1);
});
