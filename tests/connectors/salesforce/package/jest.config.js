const { jestConfig } = require('@salesforce/sfdx-lwc-jest/config');

module.exports = {
    ...jestConfig,
    testMatch: ['<rootDir>/*.test.js'],
    collectCoverageFrom: ['force-app/main/default/lwc/**/*.js'],
    coverageThreshold: { global: { branches: 95, functions: 100, lines: 100 } },
};
