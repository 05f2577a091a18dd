'use strict';

/** wppconnect asks only where its option `whatsappVersion` names a version; with `''` it never does. */
exports.getPageContent = () => {
  throw new Error("Zaptor's client tests keep no copies of WhatsApp's page: give wppconnect `whatsappVersion: ''`");
};
