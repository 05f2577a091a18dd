/** Previews of links. The sandbox has no web: what a link leads to is made up from its address. */

import type { Attributes } from '../base/model';
import type { ModuleTable } from '../registry';
import { findLink, type FoundLink } from './by-name/text';

interface Preview {
  url: string;
  data: Attributes;
}

const EDGE = 100;

/** wa-js wraps it, to ask servers of its own first: call it through this object only. */
const minimal = {
  async genMinimalLinkPreview(link: FoundLink | string): Promise<Preview> {
    const url = typeof link === 'string' ? link : link.url;
    const address = new URL(/^https?:/i.test(url) ? url : `http://${url}`);
    return {
      url,
      data: {
        title: address.hostname,
        description: `What is at ${address.hostname}${address.pathname}`,
        canonicalUrl: address.href,
        matchedText: url,
        richPreviewType: 0,
        doNotPlayInline: true,
        thumbnail: drawn(address.hostname),
      },
    };
  },
};

/** A JPEG in base64: the first letter of the host, on a colour that is always the same for it. */
function drawn(host: string): string {
  const canvas = Object.assign(document.createElement('canvas'), { width: EDGE, height: EDGE });
  const context = canvas.getContext('2d');
  if (!context) return '';
  const hue = [...host].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
  context.fillStyle = `hsl(${hue} 45% 45%)`;
  context.fillRect(0, 0, EDGE, EDGE);
  context.fillStyle = '#fff';
  context.font = '600 56px sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(host.replace(/^www\./, '').charAt(0).toUpperCase(), EDGE / 2, EDGE / 2 + 4);
  return canvas.toDataURL('image/jpeg', 0.7).replace(/^data:image\/jpeg;base64,/, '');
}

export const linkPreviewModules: ModuleTable = {
  // chat.sendTextMessage looks for a link, and asks for its preview.
  WAWebFindFirstWebLink: { findFirstWebLink: (text: string) => findLink(text) ?? null },
  WAWebLinkPreviewChatAction: {
    getLinkPreview: async (link: FoundLink | string) => minimal.genMinimalLinkPreview(link).catch(() => null),
  },
  WAWebGenMinimalLinkPreview: minimal,
};
