/** Every function of wa-js and WhatsApp Web that the agent uses, looked up before the first use. */

const USED = [
  'conn.isAuthenticated',
  'conn.getStreamData',
  'conn.getMyUserWid',
  'conn.refreshQR',
  'conn.logout',
  'profile.getMyProfileName',
  'chat.find',
  'chat.sendTextMessage',
  'chat.getMessageById',
  'whatsapp.ApiContact.getPhoneNumber',
  'whatsapp.ChatStore.get',
  'whatsapp.MsgStore.get',
  'whatsapp.MsgStore.getModelsArray',
  'whatsapp.MsgKey',
  'whatsapp.WidFactory.createWid',
  'whatsapp.functions.getStatus',
  'whatsapp.functions.queryWidExists',
] as const;

/** The names that this page does not have: what WhatsApp Web has changed under wa-js. */
export function missing(wpp: object): string[] {
  return USED.filter((path) => {
    let here: unknown = wpp;
    for (const name of path.split('.')) {
      try {
        here = (here as Record<string, unknown> | undefined)?.[name];
      } catch {
        return true;
      }
    }
    return typeof here !== 'function';
  });
}
