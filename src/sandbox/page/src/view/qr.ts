import { encode } from 'uqr';
import { Cmd, Conn, Socket } from '../modules/connection';
import { qrText } from '../runtime/pairing';
import { element } from './element';

/** Widest drawing, in CSS pixels; each module of the code is a whole number of pixels. */
const WIDEST = 296;
const QUIET_ZONE = 4;

const STEPS = [
  'Open the phones of this sandbox',
  'Choose a phone, then “Scan a code”',
  'Give it this code: the phone is linked to this page',
];

/** The screen of a page that is not linked. */
export class LinkingScreen {
  readonly #code = element('div', 'code');
  readonly node = element(
    'section', 'linking card',
    element('div', 'explain',
      element('h1', '', 'Link a phone'),
      element('ol', '', ...STEPS.map((step) => element('li', '', step))),
    ),
    this.#code,
  );
  #shown: string | undefined;

  update(): void {
    const text = qrText();
    const state = `${text} ${Socket.state} ${Conn.get('linkingCode')}`;
    if (state === this.#shown) return;
    this.#shown = state;
    this.#code.replaceChildren(text ? drawn(text) : this.#withoutCode(), this.#linkingCode());
  }

  #withoutCode(): HTMLElement {
    if (Socket.state !== 'UNPAIRED_IDLE') return element('p', 'quiet', 'Connecting…');
    const button = element('button', '', 'Show a new code');
    button.onclick = () => Cmd.refreshQR();
    return button;
  }

  #linkingCode(): HTMLElement | string {
    const code = Conn.get('linkingCode');
    return typeof code === 'string' ? element('p', 'typed', 'or type ', element('b', '', code)) : '';
  }
}

/** Programs that read the code from the page look for a canvas below `[data-ref]`. */
function drawn(text: string): HTMLElement {
  const { data, size } = encode(text, { ecc: 'L', border: QUIET_ZONE });
  const scale = Math.max(1, Math.floor(WIDEST / size));
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size * scale;
  const context = canvas.getContext('2d');
  if (context) {
    context.fillStyle = '#fff';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = '#111b21';
    data.forEach((row, y) => row.forEach((dark, x) => {
      if (dark) context.fillRect(x * scale, y * scale, scale, scale);
    }));
  }
  const box = element('div', 'qr', canvas);
  box.dataset['ref'] = text;
  return box;
}
