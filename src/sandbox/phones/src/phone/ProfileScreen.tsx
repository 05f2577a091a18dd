import { Ban } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { act, call } from '../api/call';
import type { Phone } from '../api/shapes';
import { printedNumber } from '../model/person';
import { Icon } from '../parts/Icon';
import { useAttempt } from '../parts/notice';
import { useNames } from '../parts/people';
import { useSubmit } from '../parts/submit';
import { TextInput } from '../parts/TextInput';
import { AppBar } from './AppBar';
import { PictureField } from './PictureField';

/** The phone's owner: name, about, picture, and whom they have blocked. */
export function ProfileScreen({ phone, onBack }: { phone: Phone; onBack: () => void }) {
  const attempt = useAttempt();
  const nameOf = useNames();
  const change = (part: object) => call('PATCH', `/phones/${phone.phone}`, part);
  const blocked = phone.blocked ?? [];
  return (
    <>
      <AppBar title={<b>Profile</b>} onBack={onBack} />
      <div class="scroll padded">
        <PictureField
          id={phone.phone}
          name={phone.name}
          picture={phone.picture}
          mayChange
          onChange={(picture) => change({ picture })}
        />
        <OwnWords key={phone.phone} phone={phone} change={change} />
        <dl class="facts">
          <dt>Number</dt>
          <dd>{printedNumber(phone.phone)}</dd>
          {phone.lid && <><dt>Hidden id</dt><dd class="mono">{phone.lid}</dd></>}
          {phone.banned && <><dt>State</dt><dd class="error">banned</dd></>}
        </dl>
        <h3>Blocked</h3>
        {blocked.length === 0 && <p class="quiet">Nobody. A person is blocked on the page about them.</p>}
        <ul class="plain">
          {blocked.map((other) => (
            <li key={other} class="device">
              <Icon of={Ban} size={18} />
              <div><b>{nameOf(other)}</b><small>{printedNumber(other)}</small></div>
              <button
                type="button"
                class="quiet-button"
                onClick={() => void attempt(() => act(phone.phone, 'unblock', { phone: other }))}
              >
                Unblock
              </button>
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

function OwnWords({ phone, change }: { phone: Phone; change: (part: object) => Promise<unknown> }) {
  const [name, setName] = useState(phone.name);
  const [about, setAbout] = useState(phone.about ?? '');
  const { busy, error, send } = useSubmit();
  // A linked page may change them, too.
  useEffect(() => setName(phone.name), [phone.name]);
  useEffect(() => setAbout(phone.about ?? ''), [phone.about]);
  const changed = name !== phone.name || about !== (phone.about ?? '');
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        const part = { ...(name !== phone.name && { name }), ...(about !== phone.about && { about }) };
        void send(() => change(part), ['name', 'about'], 'Saved.');
      }}
    >
      <TextInput label="Name" name="name" value={name} error={error('name')} onChange={setName} />
      <TextInput label="About" name="about" value={about} error={error('about')} onChange={setAbout} />
      <button class="main-button" disabled={busy || !changed}>Save</button>
    </form>
  );
}
