import { useState } from 'preact/hooks';
import { act } from '../api/call';
import type { Phone, WaitingPage } from '../api/shapes';
import { useAttempt } from '../parts/notice';
import { QrCode } from '../parts/QrCode';

/** Pages that show a code now, each with a phone to link it with. */
export function WaitingPages({ pages, phones }: { pages: WaitingPage[]; phones: Phone[] }) {
  return (
    <section aria-label="Pages to link">
      <div class="section-head">
        <h2>Pages to link</h2>
        {pages.length > 0 && <span class="count">{pages.length}</span>}
      </div>
      {pages.length === 0 && (
        <p class="quiet">
          No page waits for a phone. Add an account in Zaptor, or open the simulated WhatsApp Web with a client of
          your own: its code shows up here.
        </p>
      )}
      <ul class="waiting">
        {pages.map((page) => (
          <li key={page.page} class="card">
            <WaitingCard page={page} phones={phones} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function WaitingCard({ page, phones }: { page: WaitingPage; phones: Phone[] }) {
  const free = phones.find((phone) => phone.linked.length === 0) ?? phones[0];
  const [choice, setChoice] = useState('');
  const attempt = useAttempt();
  const chosen = phones.find(({ phone }) => phone === choice) ?? free;
  const { pairing } = page;
  return (
    <>
      {page.code ? (
        <QrCode text={page.code} label="The QR code that this page shows now" />
      ) : (
        <p class="quiet">{pairing ? 'It shows a pairing code.' : 'It has shown all its codes and waits for somebody to ask for new ones.'}</p>
      )}
      {page.code && chosen && (
        <form
          class="scan-form"
          onSubmit={(event) => {
            event.preventDefault();
            void attempt(() => act(chosen.phone, 'scan', { code: page.code }), `Linked with ${chosen.name}.`);
          }}
        >
          <select
            aria-label="Phone that scans"
            value={chosen.phone}
            onChange={(event) => setChoice(event.currentTarget.value)}
          >
            {phones.map((phone) => <option key={phone.phone} value={phone.phone}>{phone.name}</option>)}
          </select>
          <button class="main-button">Scan</button>
        </form>
      )}
      {page.code && !chosen && <p class="quiet">Add a phone first: it scans this code.</p>}
      {pairing && (
        <button
          type="button"
          class="main-button"
          onClick={() => void attempt(() => act(pairing.phone, 'link', { code: pairing.code }), 'Linked.')}
        >
          Type {pairing.code.slice(0, 4)}-{pairing.code.slice(4)} on +{pairing.phone}
        </button>
      )}
    </>
  );
}
