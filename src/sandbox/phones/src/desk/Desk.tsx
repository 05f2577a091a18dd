import { Smartphone } from 'lucide';
import { chatKey, type Shelf, type World } from '../api/watch';
import type { OpenPhone } from '../model/route';
import { Icon } from '../parts/Icon';
import { PhoneFrame } from '../phone/PhoneFrame';

interface Props {
  world: World;
  shelf: Shelf;
  desk: OpenPhone[];
  onShow: (phone: string, peer?: string) => void;
  onPutAway: (phone: string) => void;
}

/** The phones that somebody has taken out, side by side. */
export function Desk({ world, shelf, desk, onShow, onPutAway }: Props) {
  const phones = world.phones ?? [];
  const known = desk.flatMap((open) => {
    const phone = phones.find((one) => one.phone === open.phone);
    return phone ? [{ ...open, phone }] : [];
  });
  return (
    <main class="desk" aria-label="Phones on the desk">
      {known.map(({ phone, peer }) => (
        <PhoneFrame
          key={phone.phone}
          phone={phone}
          phones={phones}
          pages={world.pages ?? []}
          chats={world.chats[phone.phone]}
          peer={peer}
          chat={peer === undefined ? undefined : world.open[chatKey(phone.phone, peer)]}
          group={peer === undefined ? undefined : world.groups[peer]}
          shelf={shelf}
          onShow={onShow}
          onPutAway={onPutAway}
        />
      ))}
      {world.phones && known.length === 0 && (
        <div class="empty">
          <Icon of={Smartphone} size={40} />
          <h2>{phones.length === 0 ? 'No phones yet' : 'Choose a phone'}</h2>
          <p>
            {phones.length === 0
              ? 'Each phone is a person on a WhatsApp that exists on this machine alone. Add two, and they can write to each other.'
              : 'Take one or more of the phones on the left: they stand here side by side, and whatever happens is shown at once.'}
          </p>
        </div>
      )}
    </main>
  );
}
