import { useState } from 'preact/hooks';
import { call } from '../api/call';
import type { Group, Phone } from '../api/shapes';
import { inviteCode } from '../model/chat-id';
import { PeoplePicker } from '../parts/PeoplePicker';
import { useSubmit } from '../parts/submit';
import { TextInput } from '../parts/TextInput';
import { AppBar } from './AppBar';

interface Props {
  phone: Phone;
  phones: Phone[];
  onOpen: (peer: string) => void;
  onBack: () => void;
}

/** A new group: what it is called, and who is in it. Or an old one, by its invite link. */
export function NewGroupScreen({ phone, phones, onOpen, onBack }: Props) {
  const [subject, setSubject] = useState('');
  const [chosen, setChosen] = useState<string[]>([]);
  const { busy, error, send } = useSubmit();
  return (
    <>
      <AppBar title={<b>New group</b>} onBack={onBack} />
      <div class="scroll padded">
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void send(async () => {
              const body = { creator: phone.phone, subject: subject.trim(), participants: chosen };
              const { id } = await call<Group>('POST', '/groups', body);
              onOpen(id);
            }, ['subject', 'participants']);
          }}
        >
          <TextInput label="Subject" name="subject" value={subject} error={error('subject')} onChange={setSubject} />
          <PeoplePicker
            people={phones.filter((one) => one.phone !== phone.phone)}
            chosen={chosen}
            strangers
            onChange={setChosen}
          />
          {error('participants') && <small class="error">{error('participants')}</small>}
          <button class="main-button" disabled={busy}>Create the group</button>
        </form>
        <JoinForm phone={phone} onOpen={onOpen} />
      </div>
    </>
  );
}

function JoinForm({ phone, onOpen }: Pick<Props, 'phone' | 'onOpen'>) {
  const [link, setLink] = useState('');
  const { busy, error, send } = useSubmit();
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void send(async () => {
          const body = { phone: phone.phone, code: inviteCode(link) ?? link.trim() };
          const { id } = await call<Group>('POST', '/groups/join', body);
          onOpen(id);
        }, ['code']);
      }}
    >
      <TextInput label="Or join one by its invite link" name="link" value={link} error={error('code')} onChange={setLink} />
      <button class="quiet-button" disabled={busy || link.trim() === ''}>Join</button>
    </form>
  );
}
