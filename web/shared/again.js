// The page of a hub that is starting again: asks once more in a while, without piling up.

const AGAIN_AFTER_MS = 5_000;

setTimeout(() => location.reload(), AGAIN_AFTER_MS);
