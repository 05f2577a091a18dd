/** What happens to the people of a group, on its way to clients. */

import type { Wid } from '../ids/wid';
import type { ModuleTable } from '../registry';

/** One change, in the shape that wa-js unpacks. */
export interface ParticipantAction {
  action: string;
  actionType: 'add' | 'remove' | 'promote' | 'demote';
  /** Somebody came by the invite link. */
  isInvite: boolean;
  reason: string;
  participants: { id: Wid; isAdmin: boolean; isSuperAdmin: boolean }[];
}

export interface GroupChange {
  chatId: Wid;
  /** Who did it. */
  author: Wid | undefined;
  pushname: string | undefined;
  ts: number;
  offline: null;
  actions: ParticipantAction[];
}

/** wa-js wraps it for group.participant_changed: call it through this object only. The stores are up to date already. */
export const groupEvents = {
  updateDBForGroupAction: async (_change: GroupChange, _action: ParticipantAction): Promise<void> => undefined,
};

export const groupEventModules: ModuleTable = { WAWebDBGroupsGroupMetadata: groupEvents };
