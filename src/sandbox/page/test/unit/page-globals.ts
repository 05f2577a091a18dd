/** What modules of the page find in a browser, and Node does not have. Import it first. */

Object.assign(globalThis, {
  window: { addEventListener: () => undefined },
  location: { origin: 'https://web.whatsapp.com', host: 'web.whatsapp.com' },
});
Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { onLine: true } });
