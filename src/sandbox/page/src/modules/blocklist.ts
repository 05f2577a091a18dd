/** Whom the account has blocked. */

import { Model } from '../base/model';
import { createWid, type Wid } from '../ids/wid';
import type { ModuleTable } from '../registry';
import { PeopleCollection, contacts, type Contact } from './contacts';
import { demand } from './server-error';

class Blocklist extends Model {
  declare readonly id: Wid;
}
Object.assign(Blocklist.prototype, { proxyName: 'blocklist' });

class BlocklistCollectionImpl extends PeopleCollection<Blocklist> {
  static override model = Blocklist;

  /** The whole list anew. blocklist.sync is this store's `sort`. */
  replace(ids: readonly string[]): void {
    const blocked = new Set(ids);
    for (const entry of this.toArray()) {
      if (!blocked.has(String(entry.id))) this.#mark(this.remove(entry)[0], false);
    }
    for (const id of ids) this.#mark(this.getOrAdd(createWid(id)), true);
    this.sort();
  }

  #mark(entry: Blocklist | undefined, isContactBlocked: boolean): void {
    if (entry) contacts.getOrAdd(entry.id).set({ isContactBlocked });
  }
}

export const blocklist = new BlocklistCollectionImpl();

/** wa-js passes the contact in an object, older callers the contact itself. */
async function blockContact(ask: Contact | { contact: Contact }): Promise<void> {
  const { id } = 'contact' in ask ? ask.contact : ask;
  blocklist.replace((await demand('block', { id: String(id) })).ids);
}

async function unblockContact(contact: Contact): Promise<void> {
  blocklist.replace((await demand('unblock', { id: String(contact.id) })).ids);
}

export const blocklistModules: ModuleTable = {
  WAWebBlocklistModel: { Blocklist },
  WAWebBlocklistCollection: { BlocklistCollection: blocklist, BlocklistCollectionImpl },
  WAWebBlockContactAction: { blockContact, unblockContact },
  WAWebBlockContactUtils: { getContactToBlockOnlyUseIfNoAssociatedChat: (contact: Contact) => contact },
};
