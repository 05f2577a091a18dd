(() => {
  const socket = globalThis.WPP?.isInjected ? globalThis.WPP.whatsapp?.Socket : undefined;
  if (socket?.state === 'CONFLICT') return 'use_here';
  if (socket?.state === 'DEPRECATED_VERSION') return 'update_required';
  const dialog = document.querySelector('[role=dialog],[role=alertdialog]');
  return dialog && dialog.getClientRects().length > 0 ? 'dialog' : '';
})()
