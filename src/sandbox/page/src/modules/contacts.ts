/** People: contacts, the two ids each of them has, their "about" text and their picture. */

import { Collection } from '../base/collection';
import { Model } from '../base/model';
import { createWid, type Wid } from '../ids/wid';
import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';
import { link } from '../runtime/socket';
import { identity } from './identity';

/** wa-js finds the class by `proxyName` and hangs further getters on its prototype (contact/patch). */
export class Contact extends Model {
  declare readonly id: Wid;
  declare name: string | undefined;
  declare pushname: string | undefined;

  get displayName(): string {
    return this.name ?? this.pushname ?? `+${this.id.user}`;
  }
}
Object.assign(Contact.prototype, { proxyName: 'contact' });

class ContactCollectionImpl extends Collection<Contact> {
  static override model = Contact;
  /** wppconnect's isLoggedIn asks whether this is there. */
  readonly checksum = '';
}

export const contacts = new ContactCollectionImpl();

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
}

export const lidTable = new LidTable();

/** Asks the server whether a number is on WhatsApp, and learns its hidden id on the way. */
export async function queryExists(wid: Wid): Promise<Wid | undefined> {
  const answer = await link.request('exists', { id: String(wid) });
  if (!answer.wid) return undefined;
  lidTable.learn(answer.wid, answer.lid);
  return createWid(answer.wid);
}

/** wa-js reads `__props` to recognise this one. */
class TextStatus extends Model {
  declare status: string | undefined;
}
Object.assign(TextStatus.prototype, { __props: ['id', 'status'] });

class TextStatusCollectionImpl extends Collection<TextStatus> {
  static override model = TextStatus;

  /** Asks the server every time: contact.getStatus doubles as the proof of a round trip. */
  override async find(id: Wid): Promise<TextStatus> {
    const { about } = await link.request('about', { id: String(id) });
    return this.getOrAdd(id).set('status', about);
  }
}

class ProfilePicThumb extends Model {
  declare img: string | undefined;
}
Object.assign(ProfilePicThumb.prototype, { proxyName: 'profilePicThumb' });

class ProfilePicThumbs extends Collection<ProfilePicThumb> {
  static override model = ProfilePicThumb;

  override async find(id: Wid): Promise<ProfilePicThumb> {
    const { url } = await link.request('picture', { id: String(id) });
    return this.getOrAdd(id).set({ eurl: url, img: url, imgFull: url });
  }
}

class Blocklist extends Model {}
Object.assign(Blocklist.prototype, { proxyName: 'blocklist' });

class BlocklistCollectionImpl extends Collection<Blocklist> {
  static override model = Blocklist;
}

const displayName = (contact: Contact) => contact.displayName;
const never = () => false;
const nothing = () => undefined;

/** contact/patch turns each of these into a getter of Contact. */
const contactGetters = {
  getNotifyName: (contact: Contact) => contact.pushname,
  getUserid: (contact: Contact) => contact.id.user,
  getIsMe: (contact: Contact) => identity.isMe(contact.id),
  getIsUser: (contact: Contact) => contact.id.isUser(),
  getIsGroup: (contact: Contact) => contact.id.isGroup(),
  getIsBroadcast: (contact: Contact) => contact.id.isBroadcast(),
  getIsNewsletter: (contact: Contact) => contact.id.isNewsletter(),
  getIsWAContact: () => true,
  getIsDisplayNameApproved: () => true,
  getPremiumMessageName: nothing,
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
  getFormattedShortName: displayName,
  getFormattedName: displayName,
  getFormattedUser: displayName,
  getSearchName: displayName,
  getMentionName: displayName,
  getIsMyContact: (contact: Contact) => Boolean(contact.get('isAddressBookContact')),
  getSearchVerifiedName: () => '',
  getHeader: () => '',
};

/** Before the getters: wa-js takes the first `getPhoneNumber` it meets, and wants the one by id. */
export const contactModules: ModuleTable = {
  // contact.queryExists and getPnLidEntry look up the other id of a person here.
  WAWebApiContact: { getCurrentLid: lidTable.lidOf, getPhoneNumber: lidTable.phoneOf },
  WAWebLidPnCache: { lidPnCache: { getCurrentLid: lidTable.lidOf, getPhoneNumber: lidTable.phoneOf } },
  // chat/patch wraps isLidMigrated. Chats of the sandbox are named by phone number.
  WAWebLid1X1MigrationUtils: { Lid1X1MigrationUtils: { isLidMigrated: never } },
  WAWebContactModel: { Contact },
  // contact.get and contact.list
  WAWebContactCollection: { ContactCollection: contacts, ContactCollectionImpl },
  WAWebContactGetters: contactGetters,
  WAWebFrontendContactGetters: frontendContactGetters,
  // contact/patch hashes user ids with it, on demand.
  WAMd5: { md5: notSimulated('md5'), md5ArrayBufferHex: notSimulated('md5ArrayBufferHex') },
  // contact.queryExists
  WAWebQueryExistsJob: {
    queryWidExists: async (wid: Wid) => {
      const known = await queryExists(wid);
      return known ? { wid: known, biz: false } : null;
    },
    queryPhoneExists: notSimulated('queryPhoneExists'),
  },
  // contact.getStatus and profile.getMyStatus
  WAWebStatusModel: { default: TextStatus },
  WAWebTextStatusCollection: {
    TextStatusCollection: new TextStatusCollectionImpl(),
    TextStatusCollectionImpl,
  },
  // profile.setMyStatus
  WAWebContactStatusBridge: {
    getStatus: async (wid: Wid) => ({ status: (await link.request('about', { id: String(wid) })).about }),
    setMyStatus: (about: string) => link.request('set_about', { about }),
    queryStatusAll: notSimulated('queryStatusAll'),
  },
  // contact.getProfilePictureUrl
  WAWebProfilePicThumbModel: { ProfilePicThumb },
  WAWebProfilePicThumbCollection: { ProfilePicThumbCollection: new ProfilePicThumbs() },
  // blocklist.sync listens to the store; blocking itself is not simulated yet.
  WAWebBlocklistModel: { Blocklist },
  WAWebBlocklistCollection: { BlocklistCollection: new BlocklistCollectionImpl(), BlocklistCollectionImpl },
};
