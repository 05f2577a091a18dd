import { Plus } from 'lucide';
import { useState } from 'preact/hooks';
import type { Phone } from '../api/shapes';
import { contactsMessage, linkMessage, locationMessage, pollMessage, type Outgoing } from '../model/outgoing';
import { Dialog } from '../parts/Dialog';
import { Icon } from '../parts/Icon';
import { TextInput } from '../parts/TextInput';
import { PeoplePicker } from '../parts/PeoplePicker';
import { useSubmit } from '../parts/submit';

interface Props {
  onSend: (message: Outgoing) => Promise<void>;
  onClose: () => void;
}

/** A link, and what its card says: nothing is fetched, for nothing leaves this machine. */
export function LinkForm({ onSend, onClose }: Props) {
  const [link, setLink] = useState({ text: '', url: 'https://', title: '', description: '' });
  const { busy, error, send } = useSubmit();
  const set = (name: keyof typeof link) => (value: string) => setLink((now) => ({ ...now, [name]: value }));
  const field = (name: string) => `text/preview/${name}`;
  return (
    <Dialog title="Send a link" onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void send(async () => {
            await onSend(linkMessage(link));
            onClose();
          }, [field('url'), field('title'), field('description'), 'text/body', 'text']);
        }}
      >
        <TextInput label="Address" name="url" value={link.url} error={error(field('url'))} onChange={set('url')} />
        <TextInput label="Title of its card" name="title" value={link.title} error={error(field('title'))} onChange={set('title')} />
        <TextInput label="Description" name="description" value={link.description} error={error(field('description'))} onChange={set('description')} />
        <TextInput label="What you write about it" name="words" value={link.text} error={error('text/body')} onChange={set('text')} />
        <button class="main-button" disabled={busy}>Send</button>
      </form>
    </Dialog>
  );
}

/** A place on the earth. */
export function LocationForm({ onSend, onClose }: Props) {
  const [place, setPlace] = useState({ latitude: '-23.5505', longitude: '-46.6333', name: '', address: '' });
  const { busy, error, send } = useSubmit();
  const set = (name: keyof typeof place) => (value: string) => setPlace((now) => ({ ...now, [name]: value }));
  const fields = ['location/latitude', 'location/longitude', 'location/name', 'location/address'];
  return (
    <Dialog title="Send a location" onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const { latitude, longitude, name, address } = place;
          void send(async () => {
            await onSend(locationMessage({ latitude: coordinate(latitude), longitude: coordinate(longitude), name, address }));
            onClose();
          }, fields);
        }}
      >
        <div class="numbers">
          <TextInput label="Latitude" name="latitude" inputMode="decimal" value={place.latitude} error={error(fields[0]!)} onChange={set('latitude')} />
          <TextInput label="Longitude" name="longitude" inputMode="decimal" value={place.longitude} error={error(fields[1]!)} onChange={set('longitude')} />
        </div>
        <TextInput label="Name" name="place" value={place.name} error={error(fields[2]!)} onChange={set('name')} />
        <TextInput label="Address" name="address" value={place.address} error={error(fields[3]!)} onChange={set('address')} />
        <button class="main-button" disabled={busy}>Send</button>
      </form>
    </Dialog>
  );
}

/** What was typed as a number; nonsense goes to the server as it is not a number, and comes back with its sentence. */
function coordinate(text: string): number {
  const typed = text.trim().replace(',', '.');
  return typed === '' ? NaN : Number(typed);
}

/** Contact cards of people on this network. */
export function ContactsForm({ phones, onSend, onClose }: Props & { phones: Phone[] }) {
  const [chosen, setChosen] = useState<string[]>([]);
  const { busy, error, send } = useSubmit();
  const cards = phones.filter((one) => chosen.includes(one.phone));
  return (
    <Dialog title="Send contacts" onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void send(async () => {
            await onSend(contactsMessage(cards));
            onClose();
          }, ['contacts']);
        }}
      >
        <PeoplePicker people={phones} chosen={chosen} onChange={setChosen} />
        {error('contacts') && <small class="error">{error('contacts')}</small>}
        <button class="main-button" disabled={busy || cards.length === 0}>Send</button>
      </form>
    </Dialog>
  );
}

/** WhatsApp's most. */
const OPTIONS_MAX = 12;

/** A question and what can be answered. */
export function PollForm({ onSend, onClose }: Props) {
  const [name, setName] = useState('');
  const [options, setOptions] = useState(['', '']);
  const [single, setSingle] = useState(false);
  const { busy, error, send } = useSubmit();
  return (
    <Dialog title="New poll" onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void send(async () => {
            await onSend(pollMessage(name, options, single));
            onClose();
          }, ['poll/name', 'poll/options']);
        }}
      >
        <TextInput label="Question" name="question" value={name} error={error('poll/name')} onChange={setName} />
        {options.map((option, index) => (
          <TextInput
            key={index}
            label={`Option ${index + 1}`}
            name={`option-${index + 1}`}
            value={option}
            onChange={(value) => setOptions((now) => now.map((one, place) => (place === index ? value : one)))}
          />
        ))}
        {error('poll/options') && <small class="error">{error('poll/options')}</small>}
        {options.length < OPTIONS_MAX && (
          <button type="button" class="quiet-button" onClick={() => setOptions([...options, ''])}>
            <Icon of={Plus} size={16} /> One more option
          </button>
        )}
        <label class="check">
          <input type="checkbox" name="single" checked={single} onChange={(event) => setSingle(event.currentTarget.checked)} />
          Everybody chooses one alone
        </label>
        <button class="main-button" disabled={busy}>Send</button>
      </form>
    </Dialog>
  );
}
