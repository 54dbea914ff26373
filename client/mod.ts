/**
 * What an app imports, for Deno, Node 20 and browsers. Each group also has an export path of its own:
 *
 * - `@permafrost/client/sessions`, to ask for signatures: {@link UnifiedFederatedSigningService},
 *   {@link FrostSessionManager}.
 * - `@permafrost/client/guardian`, to give them: {@link Guardian}, with a {@link NonceStore}.
 * - `@permafrost/client/recovery`, for emergencies: {@link RecoveryRequester} and {@link RecoveryGuardian}.
 * - `@permafrost/client/ceremonies`, to make keys and to deal them anew: {@link HostKey}, {@link Ceremony}.
 * - `@permafrost/client/file-nonce-store` and `@permafrost/client/file-ceremony-store`, for Deno and Node alone, which
 *   this module does not export.
 *
 * @module
 */
export * from "./ceremonies/mod.ts";
export * from "./guardian/mod.ts";
export * from "./recovery/mod.ts";
export * from "./sessions/mod.ts";
