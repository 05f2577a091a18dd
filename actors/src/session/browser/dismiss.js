(async () => {
  // Closes what covers the page. Of several buttons only one that closes or cancels is pressed: the others may do harm.
  const shown = (node) => node.getClientRects().length > 0;
  const dialogs = () => [...document.querySelectorAll('[role=dialog],[role=alertdialog]')].filter(shown);
  const socket = globalThis.WPP?.isInjected ? globalThis.WPP.whatsapp?.Socket : undefined;
  if (socket?.state === 'CONFLICT') socket.takeover();
  for (const dialog of dialogs()) {
    const buttons = [...dialog.querySelectorAll('button,[role=button]')].filter(shown);
    const closes = (button) => /close|cancel/i.test(`${button.getAttribute('aria-label')} ${button.dataset.icon}`);
    const button = buttons.length === 1 ? buttons[0] : buttons.find(closes);
    button?.click();
    if (!button) dialog.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  }
  for (let n = 0; n < 20 && dialogs().length > 0; n += 1) await new Promise((resume) => setTimeout(resume, 50));
  return String(dialogs().length);
})()
