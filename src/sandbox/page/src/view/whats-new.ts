import { element } from './element';

/**
 * The dialog that the real page shows to a newly linked account. Nothing in the page works differently
 * while it is open, which is why programs overlook it; but the phone unlinks a page that leaves it open.
 */
export function showWhatsNew(dismissed: () => void): void {
  const close = element('button', '', 'Continue');
  const box = element(
    'div', 'dialog card',
    element('h1', '', "What's new on WhatsApp Web"),
    element('p', 'quiet', 'Please continue to go on using WhatsApp on this device.'),
    close,
  );
  const cover = element('div', 'cover', box);
  box.setAttribute('role', 'dialog');
  box.setAttribute('aria-modal', 'true');
  close.onclick = () => {
    cover.remove();
    dismissed();
  };
  document.querySelector('.cover')?.remove();
  document.body.append(cover);
}
