/** Who is in a group, and what I may do with them. */

import { Model } from '../base/model';
import type { Wid } from '../ids/wid';
import type { ModuleTable } from '../registry';
import { PeopleCollection, contacts, type Contact } from './contacts';
import { identity } from './identity';

/** wa-js finds the class by `proxyName`. It builds its own for people who are not in the group yet. */
export class Participant extends Model {
  declare readonly id: Wid;
  declare isAdmin: boolean;
  declare isSuperAdmin: boolean;
  /** Of somebody who is out: since when (Unix seconds), and whether on their own. */
  declare leaveTs: number | undefined;
  declare leaveReason: 'Left' | 'Removed' | undefined;

  get contact(): Contact {
    return contacts.getOrAdd(this.id);
  }
}
Object.assign(Participant.prototype, { proxyName: 'participant' });

/** The part of a group that decides what its members may do. */
export interface GroupRules {
  readonly restrict: boolean | undefined;
  readonly memberAddMode: string | undefined;
}

/** wa-js recognises it by `iAmMember`. People are kept by phone number, and found by either of their ids. */
export class ParticipantCollection extends PeopleCollection<Participant> {
  static override model = Participant;
  readonly #rules: GroupRules | undefined;

  constructor(rules?: GroupRules) {
    super();
    this.#rules = rules;
  }

  mine(): Participant | undefined {
    return identity.phone && this.get(identity.phone);
  }

  iAmMember(): boolean {
    return this.mine() !== undefined;
  }

  iAmAdmin(): boolean {
    const mine = this.mine();
    return Boolean(mine?.isAdmin || mine?.isSuperAdmin);
  }

  iAmSuperAdmin(): boolean {
    return Boolean(this.mine()?.isSuperAdmin);
  }

  /** A member who may not change what the group is called and looks like. */
  iAmRestrictedMember(): boolean {
    return this.iAmMember() && Boolean(this.#rules?.restrict) && !this.iAmAdmin();
  }

  canAdd(): boolean {
    return this.iAmAdmin() || (this.iAmMember() && this.#rules?.memberAddMode === 'all_member_add');
  }

  canRemove(participant: Participant): boolean {
    return this.iAmAdmin() && this.#isOther(participant) && !participant.isSuperAdmin;
  }

  canPromote(participant: Participant): boolean {
    return this.iAmAdmin() && this.get(participant) !== undefined && !participant.isAdmin;
  }

  canDemote(participant: Participant): boolean {
    return this.iAmAdmin() && this.get(participant) !== undefined && participant.isAdmin && !participant.isSuperAdmin;
  }

  getAdmins(): Participant[] {
    return this.filter((participant) => participant.isAdmin);
  }

  getSuperAdmin(): Participant | undefined {
    return this.findFirst((participant) => participant.isSuperAdmin);
  }

  #isOther(participant: Participant): boolean {
    return this.get(participant) !== undefined && !identity.isMe(participant.id);
  }
}

export const participantModules: ModuleTable = {
  WAWebParticipantModel: { Participant },
  WAWebParticipantCollection: { default: ParticipantCollection },
};
