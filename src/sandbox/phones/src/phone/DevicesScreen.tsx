import { MonitorSmartphone, Unlink } from 'lucide';
import { useState } from 'preact/hooks';
import { act } from '../api/call';
import type { Phone, WaitingPage } from '../api/shapes';
import { Field } from '../parts/Field';
import { Icon, IconButton } from '../parts/Icon';
import { useAttempt } from '../parts/notice';
import { useSubmit } from '../parts/submit';
import { QrCode } from '../parts/QrCode';
import { AppBar } from './AppBar';

interface Props {
  phone: Phone;
  pages: WaitingPage[];
  onBack: () => void;
}

/** The pages that this phone has linked, and the way to link another one. */
export function DevicesScreen({ phone, pages, onBack }: Props) {
  const attempt = useAttempt();
  const showing = pages.filter((page) => page.code !== null);
  return (
    <>
      <AppBar title={<b>Linked pages</b>} onBack={onBack} />
      <div class="scroll padded">
        {showing.length > 0 && <h3>Scan a page that waits</h3>}
        <ul class="codes">
          {showing.map((page) => (
            <li key={page.page}>
              <button
                type="button"
                onClick={() => void attempt(() => act(phone.phone, 'scan', { code: page.code }), 'Linked.')}
              >
                <QrCode text={page.code!} label="Scan this code" />
              </button>
            </li>
          ))}
        </ul>
        <CodeForm phone={phone} />
        {phone.linked.length > 0 && <h3>Linked</h3>}
        <ul class="plain">
          {phone.linked.map((link) => (
            <li key={link.session} class="device">
              <Icon of={MonitorSmartphone} />
              <div>
                <b>{link.connected ? 'Connected' : 'Away'}</b>
                <small>{link.session}, since {new Date(link.linked_at).toLocaleString()}</small>
              </div>
              <IconButton
                icon={Unlink}
                label={`Log out ${link.session}`}
                size={16}
                onClick={() => void attempt(() => act(phone.phone, 'unlink', { session: link.session }), 'It is logged out.')}
              />
            </li>
          ))}
        </ul>
        {phone.linked.length > 0 && (
          <button
            type="button"
            class="quiet-button danger"
            onClick={() => void attempt(() => act(phone.phone, 'unlink'), 'All pages are logged out.')}
          >
            <Icon of={Unlink} size={16} /> Log out all pages
          </button>
        )}
      </div>
    </>
  );
}

/** Eight signs, with or without a dash, are a pairing code; a QR code's text is much longer. */
function isPairingCode(code: string): boolean {
  return code.replace(/[^a-z0-9]/gi, '').length <= 8;
}

function CodeForm({ phone }: { phone: Phone }) {
  const [code, setCode] = useState('');
  const { busy, error, send } = useSubmit();
  return (
    <form
      onSubmit={async (event) => {
        event.preventDefault();
        const way = isPairingCode(code) ? 'link' : 'scan';
        if (await send(() => act(phone.phone, way, { code: code.trim() }), ['code'], 'Linked.')) setCode('');
      }}
    >
      <Field
        label="Or give it a code"
        hint="A pairing code such as ABCD-EFGH, or the text in a QR code."
        error={error('code')}
      >
        {(attributes) => (
          <div class="joined">
            <input
              {...attributes}
              name="code"
              autocomplete="off"
              value={code}
              onInput={(event) => setCode(event.currentTarget.value)}
            />
            <button class="main-button" disabled={busy || code.trim() === ''}>Link</button>
          </div>
        )}
      </Field>
    </form>
  );
}
