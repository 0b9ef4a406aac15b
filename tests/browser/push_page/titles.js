// The title of a notification: a second module, since the authenticator's worker has several too.
/** @param {{app: string}} said */
export const titleOf = (said) => `Sign in to ${said.app}`;
