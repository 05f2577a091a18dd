import { Ban, CircleCheck } from 'lucide';
import { act } from '../api/call';
import type { Phone } from '../api/shapes';
import { printedNumber } from '../model/person';
import { Avatar } from '../parts/Avatar';
import { Icon } from '../parts/Icon';
import { useAttempt } from '../parts/notice';
import { AppBar } from './AppBar';

interface Props {
  phone: Phone;
  phones: Phone[];
  peer: string;
  name: string;
  onBack: () => void;
}

/** About the person on the other side. */
export function ContactScreen({ phone, phones, peer, name, onBack }: Props) {
  const attempt = useAttempt();
  const other = phones.find((one) => one.phone === peer);
  const blocked = phone.blocked?.includes(peer) === true;
  const switchBlock = () =>
    attempt(
      () => act(phone.phone, blocked ? 'unblock' : 'block', { phone: peer }),
      blocked ? `${name} is not blocked any more.` : `${name} is blocked.`,
    );
  return (
    <>
      <AppBar title={<b>Contact info</b>} onBack={onBack} />
      <div class="scroll padded">
        <div class="portrait">
          <Avatar id={peer} name={name} picture={other?.picture} size="large" />
          <h2>{name}</h2>
          <p class="quiet">{printedNumber(peer)}</p>
        </div>
        <dl class="facts">
          <dt>About</dt>
          <dd>{other ? (other.about ?? '') : 'A number without a phone here: it answers by itself, if it was told to.'}</dd>
          {other?.lid && <><dt>Hidden id</dt><dd class="mono">{other.lid}</dd></>}
          {other && <><dt>Network</dt><dd>{other.online ? 'online' : 'offline'}</dd></>}
        </dl>
        <button type="button" class={`quiet-button ${blocked ? '' : 'danger'}`} onClick={() => void switchBlock()}>
          <Icon of={blocked ? CircleCheck : Ban} size={16} /> {blocked ? `Unblock ${name}` : `Block ${name}`}
        </button>
      </div>
    </>
  );
}
