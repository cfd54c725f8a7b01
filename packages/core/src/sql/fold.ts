/** The catalogue's spelling of words without quotes. ASCII only, so that a normal form never changes length. */
export function foldUpper(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

export function foldLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
