/** Why a vault does not do what it is asked to: each code with its meaning. The page switches on the code. */
export const VAULT_ERRORS = {
  missing: "There is no vault here, or no passkey for it; also if the browser's data were cleared",
  exists: "There is a vault already, or a passkey for it",
  wrong_passphrase:
    "The passphrase is another one; a lock that was changed in the database looks the same",
  damaged: "What is stored was changed, or lies where something else was stored",
  no_prf: "The browser or the authenticator cannot make keys from a passkey (WebAuthn PRF)",
  passkey_cancelled:
    "The person cancelled, was not verified, or took too long; or the passkey was deleted",
  locked: "The vault was locked; open it again",
} as const satisfies Record<string, string>;

/** The code of a vault's refusal. */
export type VaultErrorCode = keyof typeof VAULT_ERRORS;

/** A vault's refusal. Its message is for the page's user, and never holds a secret. */
export class VaultError extends Error {
  override readonly name = "VaultError";
  readonly code: VaultErrorCode;

  constructor(code: VaultErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
