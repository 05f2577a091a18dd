/**
 * A passkey asked for while the page is being linked. Which marker WhatsApp Web has for it is not known; that it has to
 * call `navigator.credentials.get` with a public key is how the web works, so that call is listened to. The call itself
 * goes on as it would: a browser without an owner cannot answer it.
 */

export function watchPasskey(credentials: CredentialsContainer | undefined, asked: () => void): void {
  const get = credentials?.get;
  if (!credentials || !get) return;
  Object.defineProperty(credentials, 'get', {
    configurable: true,
    writable: true,
    value: (options?: CredentialRequestOptions): Promise<Credential | null> => {
      if (options?.publicKey) asked();
      return get.call(credentials, options);
    },
  });
}
