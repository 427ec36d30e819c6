// Temporal loads this file by its path, with require(), which on Node 20 takes CommonJS only; the sealed workflow bundle holds it too.
// oxlint-disable-next-line typescript/no-require-imports
const { DefaultFailureConverter } = require('@temporalio/common');

/** Puts a failure's message and stack into a payload, where the codec encrypts them: they quote what somebody wrote. */
exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
