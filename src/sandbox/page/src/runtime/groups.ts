/** What the server tells about groups. */

import { createWid } from '../ids/wid';
import { contacts } from '../modules/contacts';
import { unixTime } from '../modules/constants';
import { takeGroup } from '../modules/group-actions';
import { groupEvents, type ParticipantAction } from '../modules/group-events';
import { groups } from '../modules/groups';
import { pictures } from '../modules/profile';
import type { GroupAction, Pushes } from '../protocol';

/** The notices that clients know, by what has happened: leaving is a removal by oneself, and so on. */
const OPERATIONS: Partial<Record<GroupAction, ParticipantAction['actionType']>> = {
  add: 'add', invite: 'add', remove: 'remove', leave: 'remove', promote: 'promote', demote: 'demote',
};

/** The group as it is now, and what has happened to its people: group.participant_changed. */
export function receiveGroup({ info, action, by, participants = [] }: Pushes['group']): void {
  const people = participants.map((id) => createWid(id));
  takeGroup(info);
  const group = groups.get(info.id);
  // Somebody may be back by the time that the page hears of it.
  const gone = people.filter((id) => !group?.participants.get(id));
  if (action === 'remove' || action === 'leave') group?.remember(gone, action === 'leave' ? 'Left' : 'Removed');
  if (action === 'picture') pictures.getOrAdd(createWid(info.id)).show(info.picture);
  const actionType = OPERATIONS[action];
  if (!actionType || !people.length) return;
  const author = by === undefined ? undefined : createWid(by);
  const change: ParticipantAction = {
    action: actionType,
    actionType,
    isInvite: action === 'invite',
    reason: action === 'invite' ? 'invite' : '',
    participants: people.map((id) => ({
      id, isAdmin: Boolean(group?.participants.get(id)?.isAdmin),
      isSuperAdmin: Boolean(group?.participants.get(id)?.isSuperAdmin),
    })),
  };
  groupEvents.updateDBForGroupAction({
    chatId: createWid(info.id), author, pushname: author && contacts.get(author)?.displayName,
    ts: unixTime(), offline: null, actions: [change],
  }, change);
}
