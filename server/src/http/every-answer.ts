/** A browser neither guesses another type than the one we say, nor shows an answer inside another page. */
export const everyAnswer = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "frame-ancestors 'none'",
}
