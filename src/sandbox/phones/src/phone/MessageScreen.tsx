import { useEffect, useState } from 'preact/hooks';
import { call } from '../api/call';
import type { Message, Phone, Receipt } from '../api/shapes';
import { bySeen } from '../model/receipts';
import { summary } from '../model/summary';
import { Avatar } from '../parts/Avatar';
import { useNames, usePeople } from '../parts/people';
import { AppBar } from './AppBar';
import { MEANINGS, Ticks } from './Ticks';

interface Props {
  message: Message;
  phone: Phone;
  onBack: () => void;
}

/** A message's whole story: who has got it, on which device, who has read it, who reacted. */
export function MessageScreen({ message, phone, onBack }: Props) {
  const nameOf = useNames(phone.phone);
  const people = usePeople();
  const receipts = bySeen(useReceipts(phone.phone, message));
  return (
    <>
      <AppBar title={<b>Message info</b>} onBack={onBack} />
      <div class="scroll padded" data-info={message.wa_message_id}>
        <p class="quote">{summary(message, nameOf)}</p>
        <dl class="facts">
          <dt>From</dt>
          <dd>{nameOf(message.author ?? (message.from_me ? phone.phone : ''))}</dd>
          <dt>Sent</dt>
          <dd>{moment(message.at)}</dd>
          {message.edited_at && <><dt>Edited</dt><dd>{moment(message.edited_at)}</dd></>}
          <dt>Id</dt>
          <dd class="mono">{message.wa_message_id}</dd>
        </dl>
        {(message.from_me || receipts.length > 0) && <h3>Receipts</h3>}
        {message.from_me && receipts.length === 0 && <p class="quiet">Nobody has got it yet.</p>}
        <ul class="plain">
          {receipts.map((receipt) => (
            <li key={receipt.phone} class="receipt" data-receipt={receipt.phone}>
              <Avatar id={receipt.phone} name={people[receipt.phone]?.name ?? ''} picture={people[receipt.phone]?.picture} size="small" />
              <b>{nameOf(receipt.phone)}</b>
              <span><Ticks ack={receipt.ack} /> {MEANINGS[receipt.ack]}</span>
              <small>{receipt.at ? moment(receipt.at) : ''}</small>
              <Devices receipt={receipt} />
            </li>
          ))}
        </ul>
        {(message.reactions ?? []).length > 0 && <h3>Reactions</h3>}
        <ul class="plain">
          {(message.reactions ?? []).map(({ by, emoji, at }) => (
            <li key={by} class="receipt">
              <span class="large-emoji">{emoji}</span>
              <b>{nameOf(by)}</b>
              <small>{moment(at)}</small>
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

/** Receipts of a large group do not come with the message: they are fetched, and again whenever it has changed. */
function useReceipts(phone: string, message: Message): Receipt[] {
  const [fetched, setFetched] = useState<Receipt[]>([]);
  useEffect(() => {
    if (message.receipts) return;
    const asked = new URLSearchParams({ phone, wa_message_id: message.wa_message_id });
    call<{ data: { receipts: Receipt[] }[] }>('GET', `/deliveries?${asked}`).then(
      ({ data }) => setFetched(data[0]?.receipts ?? []),
      () => undefined,
    );
  }, [phone, message]);
  return message.receipts ?? fetched;
}

/** Told only where somebody has more than the phone itself. */
function Devices({ receipt: { devices } }: { receipt: Receipt }) {
  if (!devices || devices.length < 2) return null;
  return (
    <ul class="devices">
      {devices.map(({ device, ack, at }) => (
        <li key={device}>
          <small>{device === 'phone' ? 'Phone' : `Page ${device}`}: {MEANINGS[ack]}{at ? `, ${moment(at)}` : ''}</small>
        </li>
      ))}
    </ul>
  );
}

function moment(at: string): string {
  return new Date(at).toLocaleString();
}
