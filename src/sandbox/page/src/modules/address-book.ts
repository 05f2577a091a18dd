/** The account's own address book, and what the account has in common with others. */

import { Collection } from '../base/collection';
import { createWid, type Wid } from '../ids/wid';
import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';
import { Chat, chatOf } from './chats';
import { Contact, contacts, lidTable } from './contacts';
import { groupsWith } from './groups';
import { demand } from './server-error';

interface ContactToSave {
  phoneNumber: string | null;
  lid?: string | null;
  firstName: string;
  lastName?: string;
}

interface ContactToDelete {
  phoneNumber?: Wid | string;
  lid?: string;
}

/** contact.save. Clients pass bare numbers, without a server. */
async function saveContactAction({ phoneNumber, lid, firstName, lastName }: ContactToSave): Promise<void> {
  const name = [firstName, lastName].filter(Boolean).join(' ');
  await call(personIn({ ...(phoneNumber && { phoneNumber }), ...(lid && { lid }) }), name);
}

/** contact.remove */
async function deleteContactAction(person: ContactToDelete): Promise<void> {
  await call(personIn(person), undefined);
}

async function call(id: Wid, name: string | undefined): Promise<void> {
  await demand('contact_save', { id: String(id), ...(name && { name }) });
  contacts.getOrAdd(id).call(name);
}

function personIn({ phoneNumber, lid }: ContactToDelete): Wid {
  if (phoneNumber !== undefined) return createWid(on('c.us', String(phoneNumber)));
  const hidden = createWid(on('lid', lid ?? ''));
  return lidTable.phoneOf(hidden) ?? hidden;
}

const on = (server: string, id: string) => (id.includes('@') ? id : `${id}@${server}`);

/** Groups as chats, as clients want them. */
class CommonGroups extends Collection<Chat> {
  static override model = Chat;
}

/** contact.getCommonGroups */
async function findCommonGroups(contact: Contact): Promise<CommonGroups> {
  return commonGroupsOf(contact);
}

function commonGroupsOf(contact: Contact): CommonGroups {
  const common = new CommonGroups();
  for (const group of groupsWith(contact.id)) common.add(chatOf(group.id));
  return common;
}

// whatsapp-web.js looks here first, and would keep the first answer for ever.
Object.defineProperty(Contact.prototype, 'commonGroups', {
  configurable: true,
  get(this: Contact) {
    return this.id ? commonGroupsOf(this) : undefined;
  },
});

export const addressBookModules: ModuleTable = {
  WAWebSaveContactAction: { saveContactAction },
  WAWebDeleteContactAction: { deleteContactAction },
  WAWebFindCommonGroupsContactAction: { findCommonGroups },
  // Neither businesses nor usernames, and nobody to report to.
  WAWebBusinessProfileCollection: {
    BusinessProfileCollection: { fetchBizProfile: notSimulated('fetchBizProfile'), find: notSimulated('BusinessProfile') },
  },
  WAWebUsernameQueryJob: {
    queryUsernameExists: notSimulated('queryUsernameExists'),
    queryWidUsernameExists: notSimulated('queryWidUsernameExists'),
  },
  WAWebReportSpamJob: { reportSpam: notSimulated('reportSpam') },
};
