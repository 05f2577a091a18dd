/** What people show of themselves: name, "about" text, picture. The own ones can be changed. */

import { Model, type Attributes } from '../base/model';
import { createWid, type Wid } from '../ids/wid';
import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';
import { door } from '../runtime/door';
import { link } from '../runtime/socket';
import { Conn } from './connection';
import { PeopleCollection } from './contacts';
import { groups } from './groups';
import { identity } from './identity';
import { demand } from './server-error';

/** wa-js reads `__props` to recognise this one. */
class TextStatus extends Model {
  declare readonly id: Wid;
  declare status: string | undefined;
}
Object.assign(TextStatus.prototype, { __props: ['id', 'status'] });

class TextStatusCollectionImpl extends PeopleCollection<TextStatus> {
  static override model = TextStatus;

  /** Asks the server every time: contact.getStatus doubles as the proof of a round trip. */
  override async find(id: { _serialized: string } | string): Promise<TextStatus> {
    const wid = createWid(id);
    const { about } = await link.request('about', { id: String(wid) });
    return this.take(wid, about);
  }

  take(id: Wid, about: string | undefined): TextStatus {
    return this.getOrAdd(id).set('status', about);
  }
}

export const abouts = new TextStatusCollectionImpl();

async function setMyAbout(about: string): Promise<{ status: number }> {
  await demand('set_about', { about });
  if (identity.phone) abouts.take(identity.phone, about);
  return { status: 200 };
}

/** The picture of a person or a group. */
export class ProfilePicThumb extends Model {
  declare readonly id: Wid;
  declare img: string | undefined;
  declare eurl: string | undefined;

  /** Mine, and those of the groups whose looks I may change. */
  canSet(): boolean {
    if (!this.id.isGroup()) return identity.isMe(this.id);
    return Boolean(groups.get(this.id)?.canSetSubject());
  }

  canDelete(): boolean {
    return this.canSet() && this.img !== undefined;
  }

  show(url: string | undefined): this {
    const address = url === undefined ? undefined : new URL(url, location.origin).href;
    return this.set({ eurl: address, img: address, imgFull: address, stale: false });
  }
}
Object.assign(ProfilePicThumb.prototype, { proxyName: 'profilePicThumb' });

class ProfilePicThumbs extends PeopleCollection<ProfilePicThumb> {
  static override model = ProfilePicThumb;

  /** Asks the server every time: not every change of a picture is told. */
  override async find(id: { _serialized: string } | string): Promise<ProfilePicThumb> {
    const wid = createWid(id);
    const { url } = await link.request('picture', { id: String(wid) });
    return this.getOrAdd(wid).show(url);
  }
}

export const pictures = new ProfilePicThumbs();

/** whatsapp-web.js hands over a chat, and reads `eurl` outside of the page: where no model gets to. */
async function requestProfilePicFromServer(of: Wid | { id: Wid }): Promise<Attributes | undefined> {
  const picture = await pictures.find('id' in of ? of.id : of);
  return picture.img === undefined ? undefined : picture.serialize();
}

/** Both sizes come as data URLs. The server keeps the large one. */
async function sendSetPicture(id: Wid, _thumbnail: string, picture: string) {
  const file = blobOf(picture);
  const { mediaId } = await door.upload('image', file, file.type);
  const { url } = await demand('set_picture', { id: String(id), mediaId });
  const shown = pictures.getOrAdd(createWid(id)).show(url);
  return { status: 200, eurl: shown.eurl, tag: mediaId, token: '', _duplicate: false };
}

async function requestDeletePicture(id: Wid): Promise<{ status: number }> {
  await demand('set_picture', { id: String(id) });
  pictures.getOrAdd(createWid(id)).show(undefined);
  return { status: 200 };
}

function blobOf(dataUrl: string): Blob {
  const [head = '', data = ''] = dataUrl.split(',');
  const type = /^data:([^;]+)/.exec(head)?.[1] ?? 'image/jpeg';
  return new Blob([Uint8Array.from(atob(data), (char) => char.charCodeAt(0))], { type });
}

async function setPushname(name: string): Promise<void> {
  await demand('set_name', { name });
  identity.rename(name);
  Conn.set('pushname', name);
}

export const profileModules: ModuleTable = {
  // profile.setMyProfileName
  WAWebSetPushnameConnAction: { setPushname },
  // contact.getStatus and profile.getMyStatus
  WAWebStatusModel: { default: TextStatus },
  WAWebTextStatusCollection: { TextStatusCollection: abouts, TextStatusCollectionImpl },
  // profile.setMyStatus. whatsapp-web.js asks for the text of others here.
  WAWebContactStatusBridge: {
    getStatus: async (ask: Wid | { wid: Wid }) => {
      const { about } = await link.request('about', { id: String('wid' in ask ? ask.wid : ask) });
      return { status: about };
    },
    setMyStatus: setMyAbout,
    queryStatusAll: notSimulated('queryStatusAll'),
  },
  // contact.getProfilePictureUrl
  WAWebProfilePicThumbModel: { ProfilePicThumb },
  WAWebProfilePicThumbCollection: { ProfilePicThumbCollection: pictures },
  // profile.setMyProfilePicture, removeMyProfilePicture, group.setIcon, removeIcon
  WAWebContactProfilePicThumbBridge: {
    requestProfilePicFromServer, sendSetPicture, requestDeletePicture, profilePicResync: notSimulated('profilePicResync'),
  },
};
