/** Odd primes that all divide the product from which the faulty generator makes its primes. */
const primes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
]

/**
 * Whether an RSA modulus comes from the generator whose keys can be factored (CVE-2017-15361, "ROCA"): its modulus is
 * a power of 65537 modulo each of the primes. For a sound key that happens once in about 2^27 keys
 * (https://crocs.fi.muni.cz/public/papers/rsa_ccs17).
 */
export function isRoca(modulus: bigint): boolean {
  return primes.every(prime => isPowerOf65537(Number(modulus % BigInt(prime)), prime))
}

function isPowerOf65537(rest: number, prime: number): boolean {
  let power = 1
  do {
    if (power === rest) return true
    power = (power * 65537) % prime
  } while (power !== 1)
  return false
}
