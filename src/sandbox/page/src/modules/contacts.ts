/** People: contacts, and the two ids that each of them has. */

import { Collection, type IdLike } from '../base/collection';
import { Model } from '../base/model';
import { createWid, type Wid } from '../ids/wid';
import type { ContactEntry } from '../protocol';
import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';
import { link } from '../runtime/socket';
import { identity } from './identity';

/** Everybody has a phone number id (`@c.us`) and a hidden one (`@lid`). This is the table between. */
class LidTable {
  readonly #lidByPhone = new Map<string, Wid>();
  readonly #phoneByLid = new Map<string, Wid>();

  learn(phone: string, lid: string | undefined): void {
    if (!lid) return;
    this.#lidByPhone.set(phone, createWid(lid));
    this.#phoneByLid.set(lid, createWid(phone));
  }

  lidOf = (phone: Wid): Wid | undefined => this.#lidByPhone.get(String(phone));

  phoneOf = (lid: Wid): Wid | undefined => this.#phoneByLid.get(String(lid));

  /** The other one of the two ids. */
  otherOf = (wid: Wid): Wid | undefined => (wid.isLid() ? this.phoneOf(wid) : this.lidOf(wid));
}

export const lidTable = new LidTable();

/** Models of people, kept by phone number and found by either id. */
export abstract class PeopleCollection<M extends Model> extends Collection<M> {
  override get(id: IdLike): M | undefined {
    return super.get(id) ?? super.get(phoneOf(id));
  }
}

/** The phone number of whoever is named by their hidden id. */
function phoneOf(id: IdLike): Wid | undefined {
  const named = typeof id === 'object' && id !== null && 'id' in id ? id.id : id;
  const text = String(named ?? '');
  return text.endsWith('@lid') ? lidTable.phoneOf(createWid(text)) : undefined;
}

/** wa-js finds the class by `proxyName` and hangs further getters on its prototype (contact/patch). */
export class Contact extends Model {
  declare readonly id: Wid;
  /** As the account's own address book has it. */
  declare name: string | undefined;
  declare shortName: string | undefined;
  /** As they call themselves. */
  declare pushname: string | undefined;
  declare isAddressBookContact: number | undefined;
  declare isContactBlocked: boolean | undefined;

  get displayName(): string {
    return this.name ?? this.pushname ?? `+${this.id.user}`;
  }

  /** wppconnect's getMe. */
  get all(): object {
    return this.serialize();
  }

  get isBusiness(): boolean {
    return false;
  }

  get isEnterprise(): boolean {
    return false;
  }

  /** Where somebody is known by their hidden id alone. */
  get phoneNumber(): Wid | undefined {
    return this.id.isLid() ? lidTable.phoneOf(this.id) : undefined;
  }

  isBlocked(): boolean {
    return Boolean(this.isContactBlocked);
  }

  /** Names somebody in the address book; without a name they are no longer in it. */
  call(name: string | undefined): void {
    this.set({
      name, shortName: name?.split(' ')[0], isAddressBookContact: name === undefined ? 0 : 1, type: 'in',
    });
  }
}
Object.assign(Contact.prototype, { proxyName: 'contact' });

class ContactCollectionImpl extends PeopleCollection<Contact> {
  static override model = Contact;
  /** wppconnect's isLoggedIn asks whether this is there. */
  readonly checksum = '';

  /** Whoever is not on WhatsApp gets a model, too, but no place in the store. */
  override async find(id: { _serialized: string } | string): Promise<Contact> {
    const wid = createWid(id);
    const present = this.get(wid);
    if (present) return present;
    const known = wid.isUser() ? await queryExists(wid) : wid;
    return known ? this.getOrAdd(known) : new Contact({ id: wid });
  }

  /** Makes room for somebody new: clients call it for people whom they add to a group. */
  gadd(id: Wid): Contact {
    return this.getOrAdd(id);
  }

  take(entry: ContactEntry): Contact {
    lidTable.learn(entry.id, entry.lid);
    const contact = this.getOrAdd(createWid(entry.id));
    contact.call(entry.name);
    const pushname = entry.pushname ?? contact.pushname ?? entry.name;
    if (pushname !== undefined) contact.set({ pushname });
    return contact;
  }

  getMeContact(): Contact | undefined {
    return identity.phone && this.getOrAdd(identity.phone);
  }
}

export const contacts = new ContactCollectionImpl();

/** Asks the server whether a number is on WhatsApp, and learns its hidden id on the way. */
export async function queryExists(wid: Wid): Promise<Wid | undefined> {
  const answer = await link.request('exists', { id: String(wid) });
  if (!answer.wid) return undefined;
  lidTable.learn(answer.wid, answer.lid);
  return createWid(answer.wid);
}

async function queryWidExists(wid: Wid) {
  const known = await queryExists(wid);
  return known ? { wid: known, biz: false, lid: lidTable.lidOf(known) } : null;
}

const displayName = (contact: Contact) => contact.displayName;
const never = () => false;
const nothing = () => undefined;

/** contact/patch turns each of these into a getter of Contact; whatsapp-web.js calls them one by one. */
const contactGetters = {
  getNotifyName: (contact: Contact) => contact.pushname,
  getUserid: (contact: Contact) => contact.id.user,
  getName: (contact: Contact) => contact.name,
  getShortName: (contact: Contact) => contact.shortName,
  getPushname: (contact: Contact) => contact.pushname,
  getIsMe: (contact: Contact) => identity.isMe(contact.id),
  getIsUser: (contact: Contact) => contact.id.isUser(),
  getIsGroup: (contact: Contact) => contact.id.isGroup(),
  getIsBroadcast: (contact: Contact) => contact.id.isBroadcast(),
  getIsNewsletter: (contact: Contact) => contact.id.isNewsletter(),
  getIsWAContact: () => true,
  getIsDisplayNameApproved: () => true,
  getPremiumMessageName: nothing,
  getVerifiedName: nothing,
  getVerifiedLevel: nothing,
  getStatusMute: never,
  getIsEnterprise: never,
  getIsPSA: never,
  getIsIAS: never,
  getIsSupportAccount: never,
  getCanRequestPhoneNumber: never,
  getShowBusinessCheckmarkAsPrimary: never,
  getShowBusinessCheckmarkAsSecondary: never,
  getShowBusinessCheckmarkInChatlist: never,
  getShouldForceBusinessUpdate: never,
};

const frontendContactGetters = {
  getPhoneNumber: (contact: Contact) => lidTable.phoneOf(contact.id),
  getPnForLid: (contact: Contact) => lidTable.phoneOf(contact.id),
  getTextStatusString: () => '',
  getDisplayName: displayName,
  getDisplayNameOrPnForLid: displayName,
  getFormattedPhone: (contact: Contact) => `+${contact.id.user}`,
  getFormattedShortNameWithNonBreakingSpaces: displayName,
  getFormattedShortName: (contact: Contact) => contact.shortName ?? contact.displayName,
  getFormattedName: displayName,
  getFormattedUser: displayName,
  getSearchName: displayName,
  getMentionName: displayName,
  getIsMyContact: (contact: Contact) => Boolean(contact.isAddressBookContact),
  getSearchVerifiedName: () => '',
  getHeader: () => '',
};

/** Before the getters: wa-js takes the first `getPhoneNumber` it meets, and wants the one by id. */
export const contactModules: ModuleTable = {
  // contact.queryExists, getPnLidEntry and save look up the other id of a person here.
  WAWebApiContact: {
    getCurrentLid: lidTable.lidOf, getPhoneNumber: lidTable.phoneOf, getAlternateUserWid: lidTable.otherOf,
  },
  WAWebLidPnCache: { lidPnCache: { getCurrentLid: lidTable.lidOf, getPhoneNumber: lidTable.phoneOf } },
  // chat/patch wraps isLidMigrated. Chats of the sandbox are named by phone number.
  WAWebLid1X1MigrationUtils: { Lid1X1MigrationUtils: { isLidMigrated: never } },
  WAWebContactModel: { Contact },
  // contact.get and contact.list
  WAWebContactCollection: {
    ContactCollection: contacts, ContactCollectionImpl, getMeContact: () => contacts.getMeContact(),
  },
  WAWebContactGetters: contactGetters,
  WAWebFrontendContactGetters: frontendContactGetters,
  // contact/patch hashes user ids with it, on demand.
  WAMd5: { md5: notSimulated('md5'), md5ArrayBufferHex: notSimulated('md5ArrayBufferHex') },
  // contact.queryExists
  WAWebQueryExistsJob: {
    queryWidExists,
    queryPhoneExists: (phone: string) => queryWidExists(createWid(`${phone.replace(/\D/g, '')}@c.us`)),
  },
};
