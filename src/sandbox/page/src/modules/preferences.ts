/** Preferences of the person at the page, kept in the browser: a change of the theme reloads the page. */

import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';
import { identity } from './identity';

const DEFAULTS = {
  theme: 'light', offlineNotifications: true, Photos: true, Audio: true, Videos: true, Documents: true,
};
type Preferences = typeof DEFAULTS;

const STORED_AS = 'sandbox-preferences';

function read<K extends keyof Preferences>(name: K): Preferences[K] {
  return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(STORED_AS) ?? '{}') }[name];
}

function keep<K extends keyof Preferences>(name: K, value: Preferences[K]): void {
  const kept = JSON.parse(localStorage.getItem(STORED_AS) ?? '{}');
  localStorage.setItem(STORED_AS, JSON.stringify({ ...kept, [name]: value }));
}

const KINDS: Readonly<Record<string, 'Photos' | 'Audio' | 'Videos' | 'Documents'>> = {
  image: 'Photos', sticker: 'Photos', audio: 'Audio', ptt: 'Audio', video: 'Videos', document: 'Documents',
};

/** Whether the file of a message of this type is fetched as soon as the message is there. */
export function downloadsBySelf(type: string): boolean {
  const kind = KINDS[type];
  return kind !== undefined && read(kind);
}

function autoDownloadOf(kind: 'Photos' | 'Audio' | 'Videos' | 'Documents') {
  return {
    [`getAutoDownload${kind}`]: () => read(kind),
    [`setAutoDownload${kind}`]: (on: boolean) => keep(kind, on),
  };
}

export const preferenceModules: ModuleTable = {
  // profile.getMyProfileName; conn.getTheme, setTheme, getAutoDownloadSettings
  WAWebUserPrefsGeneral: {
    getPushname: () => identity.me?.name,
    setBrowserId: () => undefined,
    getUserPrivacySettings: () => ({}),
    ...autoDownloadOf('Photos'),
    ...autoDownloadOf('Audio'),
    ...autoDownloadOf('Videos'),
    ...autoDownloadOf('Documents'),
    getTheme: () => read('theme'),
    setTheme: (theme: string) => keep('theme', theme),
  },
  // privacy.*: who may see what is not part of the sandbox.
  WAWebSetPrivacyForOneCategoryAction: { setPrivacyForOneCategory: notSimulated('setPrivacyForOneCategory') },
  WAWebPrivacyDisallowedListTable: { getPrivacyDisallowedListTable: notSimulated('getPrivacyDisallowedListTable') },
  WAWebStatusPrivacySettings: {
    default: {
      getStatusList: notSimulated('getStatusList'),
      getStatusPrivacySetting: notSimulated('getStatusPrivacySetting'),
      setStatusPrivacyConfig: notSimulated('setStatusPrivacyConfig'),
    },
  },
  WAWebUserPrefsNotifications: {
    getGlobalOfflineNotifications: () => read('offlineNotifications'),
    setGlobalOfflineNotifications: (on: boolean) => keep('offlineNotifications', on),
  },
};
