/** The second suite: the real AWS SDK against moto_server, where that is on the PATH. @type {import('jest').Config} */
module.exports = {
  ...require('./jest.config.js'),
  testMatch: ['<rootDir>/test/emulator/**/*.emulator.ts'],
};
