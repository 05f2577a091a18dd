/** What modules of the page find in a browser, and Node does not have. Import it first. */

const stored = new Map<string, string>();

Object.assign(globalThis, {
  localStorage: {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  },
  window: { addEventListener: () => undefined },
  location: { origin: 'https://web.whatsapp.com', host: 'web.whatsapp.com' },
});
Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { onLine: true } });
