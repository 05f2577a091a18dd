/** Ids and numbers of people, in the forms that whatsapp-web.js asks for. */

import { createWid, type Wid } from '../../ids/wid';
import type { ModuleTable } from '../../registry';
import { lidTable } from '../contacts';
import { demand } from '../server-error';

/** Country calling codes of one and two digits; all others have three. */
const SHORT_CODES = new Set([
  '1', '7', '20', '27', '30', '31', '32', '33', '34', '36', '39', '40', '41', '43', '44', '45', '46', '47', '48', '49',
  '51', '52', '53', '54', '55', '56', '57', '58', '60', '61', '62', '63', '64', '65', '66', '81', '82', '84', '86',
  '90', '91', '92', '93', '94', '95', '98',
]);
const LONGEST_CODE = 3;

/** `5511987654321` → `55`. */
export function findCountryCode(digits: string): string {
  for (const length of [1, 2]) {
    const code = digits.slice(0, length);
    if (SHORT_CODES.has(code)) return code;
  }
  return digits.slice(0, LONGEST_CODE);
}

/** How some countries write their numbers; the others are left in one piece. */
const SPELLINGS: Record<string, (number: string) => string> = {
  1: (number) => number.replace(/^(\d{3})(\d{3})(\d{4})$/, '($1) $2-$3'),
  55: (number) => number.replace(/^(\d{2})(\d{4,5})(\d{4})$/, '$1 $2-$3'),
};

/** `5511987654321@s.whatsapp.net` → `+55 11 98765-4321`. */
export function formatPhoneNumber(jid: string): string {
  const digits = jid.split('@')[0] ?? '';
  const code = findCountryCode(digits);
  const number = digits.slice(code.length);
  return `+${code} ${SPELLINGS[code]?.(number) ?? number}`;
}

/** The phone is device 0, what is linked to it counts on. */
async function devicesOf(id: Wid): Promise<{ id: Wid; devices: { id: number }[] }> {
  const { devices } = await demand('devices', { id: String(id) });
  return { id, devices: Array.from({ length: devices }, (_, device) => ({ id: device })) };
}

const jidOf = (wid: Wid | string) => createWid(wid).toJid();
const lidOf = (wid: Wid) => (wid.isLid() ? wid : lidTable.lidOf(wid));
const phoneOf = (wid: Wid) => (wid.isLid() ? lidTable.phoneOf(wid) : wid);

function lidOrThrow(wid: Wid): Wid {
  const lid = lidOf(wid);
  if (!lid) throw new Error(`The hidden id of ${wid} is not known`);
  return lid;
}

export const peopleModules: ModuleTable = {
  WAWebWidToJid: { widToUserJid: jidOf, widToChatJid: jidOf, widToGroupJid: jidOf },
  WAWebJidToWid: { userJidToUserWid: createWid, chatJidToChatWid: createWid, groupJidToGroupWid: createWid },
  // Each group that is carried out of the page is named by phone numbers.
  WAWebLidMigrationUtils: { toPn: phoneOf, toLid: lidOf, toUserLid: lidOf, toUserLidOrThrow: lidOrThrow },
  // getFormattedNumber, getCountryCode
  WAWebPhoneUtils: { formattedPhoneNumber: formatPhoneNumber },
  WAPhoneFindCC: { findCC: findCountryCode },
  // getContactDeviceCount
  WAWebApiDeviceList: { getDeviceIds: (people: Wid[]) => Promise.all(people.map(devicesOf)) },
  // getCustomerNote: only businesses take notes.
  WAWebBizGatingUtils: { smbNotesV1Enabled: () => false },
};
