import { LogOut, UserPlus } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { group as ask } from '../api/call';
import type { Group, Participant, Phone } from '../api/shapes';
import { meaning, sortedMembers } from '../model/group';
import { Avatar } from '../parts/Avatar';
import { Dialog } from '../parts/Dialog';
import { Icon } from '../parts/Icon';
import { Menu, type MenuItem } from '../parts/Menu';
import { useAttempt } from '../parts/notice';
import { useNames, usePeople } from '../parts/people';
import { PeoplePicker } from '../parts/PeoplePicker';
import { useSubmit } from '../parts/submit';
import { TextInput } from '../parts/TextInput';
import { AppBar } from './AppBar';
import { GroupInvite } from './GroupInvite';
import { PictureField } from './PictureField';

interface Props {
  phone: Phone;
  phones: Phone[];
  group: Group;
  onBack: () => void;
  onOpen: (peer: string) => void;
}

/** About a group: its words, its settings, who is in it, and the way in and out. */
export function GroupScreen({ phone, phones, group, onBack, onOpen }: Props) {
  const attempt = useAttempt();
  const [adding, setAdding] = useState(false);
  const by = phone.phone;
  const me = group.participants.find((one) => one.phone === by);
  const admin = me?.admin === true;
  const mayChange = me !== undefined && (admin || !group.restrict);
  const change = (part: object) => ask('PATCH', group.id, '', { by, ...part });
  return (
    <>
      <AppBar title={<b>Group info</b>} onBack={onBack} />
      <div class="scroll padded" data-group={group.id}>
        <PictureField
          id={group.id}
          name={group.subject}
          picture={group.picture}
          mayChange={mayChange}
          onChange={(picture) => change({ picture })}
        />
        <GroupWords group={group} mayChange={mayChange} change={change} />
        {admin && <GroupSwitches group={group} change={change} />}
        <div class="section-head">
          <h3>{group.participants.length} {group.participants.length === 1 ? 'member' : 'members'}</h3>
          {admin && (
            <button type="button" class="quiet-button" onClick={() => setAdding(true)}>
              <Icon of={UserPlus} size={16} /> Add
            </button>
          )}
        </div>
        <Members group={group} by={by} admin={admin} onOpen={onOpen} />
        {admin && <GroupInvite group={group} by={by} />}
        {me && (
          <button
            type="button"
            class="quiet-button danger"
            onClick={() => void attempt(() => ask('POST', group.id, '/leave', { phone: by }), 'You have left the group.')}
          >
            <Icon of={LogOut} size={16} /> Leave the group
          </button>
        )}
      </div>
      {adding && <AddMembers group={group} by={by} phones={phones} onClose={() => setAdding(false)} />}
    </>
  );
}

interface WordsProps {
  group: Group;
  mayChange: boolean;
  change: (part: object) => Promise<unknown>;
}

function GroupWords({ group, mayChange, change }: WordsProps) {
  const [subject, setSubject] = useState(group.subject);
  const [description, setDescription] = useState(group.description ?? '');
  const { busy, error, send } = useSubmit();
  useEffect(() => setSubject(group.subject), [group.subject]);
  useEffect(() => setDescription(group.description ?? ''), [group.description]);
  if (!mayChange) {
    return (
      <>
        <h2>{group.subject}</h2>
        {group.description && <p class="text">{group.description}</p>}
      </>
    );
  }
  const part = {
    ...(subject !== group.subject && { subject }),
    ...(description !== (group.description ?? '') && { description }),
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void send(() => change(part), ['subject', 'description'], 'Saved.');
      }}
    >
      <TextInput label="Subject" name="subject" value={subject} error={error('subject')} onChange={setSubject} />
      <TextInput long label="Description" name="description" value={description} error={error('description')} onChange={setDescription} />
      {Object.keys(part).length > 0 && <button class="main-button" disabled={busy}>Save</button>}
    </form>
  );
}

function GroupSwitches({ group, change }: { group: Group; change: (part: object) => Promise<unknown> }) {
  const attempt = useAttempt();
  const switches = [
    { name: 'announce', label: 'Only admins write', on: group.announce },
    { name: 'restrict', label: 'Only admins change subject, description and picture', on: group.restrict },
  ];
  return (
    <>
      {switches.map(({ name, label, on }) => (
        <label class="check" key={name}>
          <input type="checkbox" name={name} checked={on} onChange={() => void attempt(() => change({ [name]: !on }))} />
          {label}
        </label>
      ))}
    </>
  );
}

interface MembersProps {
  group: Group;
  by: string;
  admin: boolean;
  onOpen: (peer: string) => void;
}

function Members({ group, by, admin, onOpen }: MembersProps) {
  const nameOf = useNames(by);
  const people = usePeople();
  const attempt = useAttempt();
  const itemsFor = ({ phone, admin: isAdmin }: Participant) => {
    const deed = (action: string, done: string) => () => void attempt(() => changeMembers(group, by, action, [phone]), done);
    const items: MenuItem[] = [{ label: 'Message', act: () => onOpen(phone) }];
    if (!admin) return items;
    items.push(
      isAdmin
        ? { label: 'Dismiss as admin', act: deed('demote', 'Dismissed as admin.') }
        : { label: 'Make admin', act: deed('promote', 'Made an admin.') },
      { label: 'Remove from the group', danger: true, act: deed('remove', 'Removed.') },
    );
    return items;
  };
  return (
    <ul class="plain">
      {sortedMembers(group.participants, by).map((member) => (
        <li key={member.phone} class="device" data-member={member.phone}>
          <Avatar id={member.phone} name={member.name} picture={people[member.phone]?.picture} size="small" />
          <div>
            <b>{nameOf(member.phone)}</b>
            <small>{member.creator ? 'Creator, admin' : member.admin ? 'Admin' : ''}</small>
          </div>
          {member.phone !== by && <Menu label={`What to do with ${nameOf(member.phone)}`} items={() => itemsFor(member)} />}
        </li>
      ))}
    </ul>
  );
}

interface Outcome {
  results: { phone: string; code: number }[];
}

/** Adds, removes, promotes or demotes, and fails with a sentence if it did not work for everybody. */
async function changeMembers(group: Group, by: string, action: string, phones: string[]): Promise<void> {
  const { results } = await ask<Outcome>('POST', group.id, '/participants', { by, action, phones });
  const failed = results.filter(({ code }) => code !== 200);
  if (failed.length > 0) throw new Error(failed.map(({ phone, code }) => `+${phone}: ${meaning(code)}`).join('; '));
}

function AddMembers({ group, by, phones, onClose }: { group: Group; by: string; phones: Phone[]; onClose: () => void }) {
  const [chosen, setChosen] = useState<string[]>([]);
  const { busy, error, send } = useSubmit();
  const others = phones.filter((one) => !group.participants.some((member) => member.phone === one.phone));
  return (
    <Dialog title="Add members" onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void send(async () => {
            await changeMembers(group, by, 'add', chosen);
            onClose();
          }, ['phones']);
        }}
      >
        <PeoplePicker people={others} chosen={chosen} strangers onChange={setChosen} />
        {error('phones') && <small class="error">{error('phones')}</small>}
        <button class="main-button" disabled={busy || chosen.length === 0}>Add</button>
      </form>
    </Dialog>
  );
}
