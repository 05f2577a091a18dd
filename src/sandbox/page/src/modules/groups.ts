/** Groups: what they are called, who is in them, who may do what. */

import { Collection, type IdLike } from '../base/collection';
import { Model, type Attributes } from '../base/model';
import { createWid, type Wid } from '../ids/wid';
import type { GroupInfo } from '../protocol';
import type { ModuleTable } from '../registry';
import { unixTime } from './constants';
import { lidTable } from './contacts';
import { Participant, ParticipantCollection, type GroupRules } from './participants';
import { demand } from './server-error';

export type MemberAddMode = NonNullable<GroupInfo['memberAddMode']>;

/** Requests to be let in. Groups of the sandbox let everybody in who has the link. */
class MembershipRequests extends Collection<Participant> {
  static override model = Participant;
}

/** wa-js finds the class by `proxyName`; group.create waits until `stale` is false. */
export class GroupMetadata extends Model implements GroupRules {
  declare readonly id: Wid;
  declare subject: string | undefined;
  declare owner: Wid | undefined;
  declare desc: string | undefined;
  declare descId: string | undefined;
  declare announce: boolean | undefined;
  declare restrict: boolean | undefined;
  declare memberAddMode: MemberAddMode | undefined;
  /** True until the server has said what the group is. */
  declare stale: boolean | undefined;
  readonly participants = new ParticipantCollection(this);
  readonly pastParticipants = new ParticipantCollection();
  readonly membershipApprovalRequests = new MembershipRequests();

  get groupType(): string {
    return 'DEFAULT';
  }

  canSetSubject(): boolean {
    return this.participants.iAmMember() && !this.participants.iAmRestrictedMember();
  }

  canSetDescription(): boolean {
    return this.canSetSubject();
  }

  canSetGroupProperty(): boolean {
    return this.participants.iAmAdmin();
  }

  canSetEphemeralSetting(): boolean {
    return this.canSetSubject();
  }

  isTrusted(): boolean {
    return true;
  }

  /** Clients that carry a group out of the page expect its people as plain data. */
  override serialize(): Attributes {
    return {
      ...super.serialize(),
      participants: this.participants.serialize(),
      pastParticipants: this.pastParticipants.serialize(),
    };
  }

  /** Takes over what the server says. */
  fill(info: GroupInfo): void {
    this.#fillParticipants(info);
    this.set({
      subject: info.subject,
      subjectTime: info.subjectTime,
      owner: createWid(info.owner),
      creation: info.creation,
      desc: info.desc,
      descId: info.descId,
      descTime: info.descTime,
      announce: info.announce,
      restrict: info.restrict,
      memberAddMode: info.memberAddMode ?? 'admin_add',
      size: info.participants.length,
      membershipApprovalMode: false,
      isLidAddressingMode: false,
      isParentGroup: false,
      ephemeralDuration: 0,
    });
    // Last: whoever waits for it finds the rest in place.
    this.set('stale', false);
  }

  /** Remembers who is out, for group.getPastParticipants. */
  remember(gone: readonly Wid[], leaveReason: 'Left' | 'Removed'): void {
    for (const id of gone) this.pastParticipants.add({ id, leaveTs: unixTime(), leaveReason });
  }

  #fillParticipants(info: GroupInfo): void {
    const present = new Set(info.participants.map((entry) => entry.id));
    for (const participant of this.participants.toArray()) {
      if (!present.has(String(participant.id))) this.participants.remove(participant);
    }
    for (const { id, lid, isAdmin, isSuperAdmin } of info.participants) {
      lidTable.learn(id, lid);
      this.pastParticipants.remove(id);
      this.participants.getOrAdd(createWid(id)).set({ isAdmin: isAdmin || isSuperAdmin, isSuperAdmin });
    }
  }
}
Object.assign(GroupMetadata.prototype, { proxyName: 'group-metadata' });

class GroupMetadataCollectionImpl extends Collection<GroupMetadata> {
  static override model = GroupMetadata;

  /** wa-js recognises the collection by this name. There are no communities. */
  _handleParentGroupChange(): void {}

  take(info: GroupInfo): GroupMetadata {
    const group = this.getOrAdd(createWid(info.id));
    group.fill(info);
    return group;
  }

  /** What is known already, or what the server says. */
  override async find(id: { _serialized: string } | string): Promise<GroupMetadata> {
    const known = this.get(id);
    return known?.stale === false ? known : this.#ask(createWid(id));
  }

  /** What the server says now. A group that I have left keeps what is known of it. */
  override async update(id: { _serialized: string } | string): Promise<GroupMetadata> {
    const known = this.get(id);
    if (known?.stale === false && !known.participants.iAmMember()) return known;
    return this.#ask(createWid(id));
  }

  async #ask(id: Wid): Promise<GroupMetadata> {
    return this.take((await demand('group_info', { id: String(id) })).info);
  }
}

export const groups = new GroupMetadataCollectionImpl();

/** The groups in which somebody is, by either id. */
export function groupsWith(person: IdLike): GroupMetadata[] {
  return groups.filter((group) => group.participants.iAmMember() && group.participants.get(person) !== undefined);
}

/** What a client gets that asks about a group by its invite link. */
export interface GroupDescription {
  id: Wid;
  subject: string;
  owner: Wid;
  participants: { id: Wid; isAdmin: boolean; isSuperAdmin: boolean }[];
  [field: string]: unknown;
}

export function describe(info: GroupInfo): GroupDescription {
  return {
    ...info,
    id: createWid(info.id),
    owner: createWid(info.owner),
    subjectOwner: createWid(info.owner),
    descOwner: info.desc === undefined ? undefined : createWid(info.owner),
    participants: info.participants.map(({ id, isAdmin, isSuperAdmin }) => ({
      id: createWid(id), isAdmin, isSuperAdmin,
    })),
    size: info.participants.length,
    status: 200,
    parent: false,
    support: false,
    suspended: false,
    isParentGroup: false,
    isParentGroupClosed: false,
    defaultSubgroup: false,
    generalSubgroup: false,
    generalChatAutoAddDisabled: false,
    noFrequentlyForwarded: false,
    membershipApprovalMode: false,
    isLidAddressingMode: false,
  };
}

export const groupModules: ModuleTable = {
  WAWebGroupMetadataModel: { GroupMetadata },
  WAWebGroupMetadataCollection: { default: groups },
};
