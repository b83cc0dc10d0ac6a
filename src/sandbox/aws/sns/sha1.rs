//! Signatures over SHA-1, as SNS's version 1 has them. The crypto library checks these but makes none, so that the one
//! operation that is missing is done here: a number to the power of the private exponent, by Montgomery's method. Neither
//! fast nor safe against who measures it: the key is the stand-in's.

use aws_lc_rs::{
    digest::{SHA1_FOR_LEGACY_USE_ONLY, digest},
    encoding::{AsDer, Pkcs8V1Der},
    rsa::KeyPair,
};

/// What stands before a SHA-1 digest in PKCS #1 v1.5: the digest's kind, in DER.
const PREFIX: [u8; 15] = [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

/// Returns the signature of `text` by PKCS #1 v1.5 over SHA-1.
pub(super) fn sign(key: &KeyPair, text: &[u8]) -> Vec<u8> {
    let (modulus, exponent) = numbers(key);
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, text);
    let info = [&PREFIX, digest.as_ref()].concat();
    let filled = [0xff].repeat(key.public_modulus_len() - info.len() - 3);
    let block = [&[0, 1], filled.as_slice(), &[0], &info].concat();
    power(&limbs(&block), &exponent, &limbs(&modulus)).iter().rev().flat_map(|it| it.to_be_bytes()).collect()
}

/// Returns modulus and private exponent of a key, without zeros before them.
fn numbers(key: &KeyPair) -> (Vec<u8>, Vec<u8>) {
    let der: Pkcs8V1Der<'_> = key.as_der().expect("a key that was made here can be written");
    // PKCS #8 around PKCS #1: version, algorithm, and the key as an octet string; version, n, e, d and more.
    let outer = values(values(der.as_ref())[0]);
    let inner = values(values(outer[2])[0]);
    let bare = |it: &[u8]| it.iter().copied().skip_while(|it| *it == 0).collect();
    (bare(inner[1]), bare(inner[3]))
}

/// Returns what is inside of the DER values that stand in `der` one after the other.
fn values(mut der: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let [_, first, rest @ ..] = der {
        let long = if *first < 0x80 { 0 } else { usize::from(first & 0x7f) };
        let (length, rest) = rest.split_at(long);
        let length = length.iter().fold(0, |sum, it| sum << 8 | usize::from(*it));
        let (value, rest) = rest.split_at(if long == 0 { usize::from(*first) } else { length });
        found.push(value);
        der = rest;
    }
    found
}

/// Returns a number in parts of 32 bits, the least first.
fn limbs(bytes: &[u8]) -> Vec<u32> {
    bytes.rchunks(4).map(|it| it.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))).collect()
}

/// Returns `base` to the power of `exponent`, modulo `modulus`, which is odd. All are of the modulus's length.
fn power(base: &[u32], exponent: &[u8], modulus: &[u32]) -> Vec<u32> {
    // By Newton's method: each step doubles the number of bits of the inverse that are right.
    let inverse = (0..5).fold(modulus[0], |it, _| it.wrapping_mul(2_u32.wrapping_sub(modulus[0].wrapping_mul(it))));
    let times = |a: &[u32], b: &[u32]| product(a, b, modulus, inverse.wrapping_neg());
    let mut one = vec![0; modulus.len()];
    one[0] = 1;
    // 2 to the power of twice the modulus's length, which takes numbers into Montgomery's form.
    let square = (0..modulus.len() * 64).fold(one.clone(), |it, _| doubled(&it, modulus));
    let base = times(base, &square);
    let bits = exponent.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1 == 1));
    let power = bits.fold(times(&one, &square), |power, bit| {
        let squared = times(&power, &power);
        if bit { times(&squared, &base) } else { squared }
    });
    times(&power, &one)
}

/// Returns Montgomery's product of `a` and `b`: divided by 2 to the power of the modulus's length.
fn product(a: &[u32], b: &[u32], modulus: &[u32], inverse: u32) -> Vec<u32> {
    let size = modulus.len();
    let mut sum = vec![0_u32; size + 2];
    for digit in b {
        let carry = add(&mut sum[..size], a, *digit);
        let carry = spill(&mut sum[size..], carry);
        debug_assert_eq!(carry, 0, "the sum has room for it");
        // As many moduli as make the least part zero, so that it can be dropped.
        let moduli = sum[0].wrapping_mul(inverse);
        let carry = add(&mut sum[..size], modulus, moduli);
        let carry = spill(&mut sum[size..], carry);
        debug_assert_eq!(carry, 0, "the sum has room for it");
        sum.copy_within(1.., 0);
        sum[size + 1] = 0;
    }
    reduced(&sum[..=size], modulus)
}

/// Adds `digit` times `number` to `sum`. Returns what is carried.
fn add(sum: &mut [u32], number: &[u32], digit: u32) -> u32 {
    sum.iter_mut().zip(number).fold(0, |carry, (sum, part)| {
        let all = u64::from(*sum) + u64::from(*part) * u64::from(digit) + u64::from(carry);
        let (high, low) = halves(all);
        *sum = low;
        high
    })
}

fn spill(sum: &mut [u32], carry: u32) -> u32 {
    sum.iter_mut().fold(carry, |carry, sum| {
        let (low, over) = sum.overflowing_add(carry);
        *sum = low;
        u32::from(over)
    })
}

fn halves(all: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = all.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}

fn doubled(number: &[u32], modulus: &[u32]) -> Vec<u32> {
    let shifted = number.iter().chain([&0]).scan(0, |carry, it| {
        let part = it << 1 | *carry;
        *carry = it >> 31;
        Some(part)
    });
    reduced(&shifted.collect::<Vec<_>>(), modulus)
}

/// Returns a number below twice the modulus, modulo the modulus, in the modulus's length.
fn reduced(number: &[u32], modulus: &[u32]) -> Vec<u32> {
    let (mut less, mut borrow) = (Vec::with_capacity(number.len()), false);
    for (at, part) in number.iter().enumerate() {
        let (once, first) = part.overflowing_sub(modulus.get(at).copied().unwrap_or(0));
        let (twice, second) = once.overflowing_sub(u32::from(borrow));
        less.push(twice);
        borrow = first || second;
    }
    let kept = if borrow { number } else { &less };
    kept[..modulus.len()].to_vec()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        rsa::KeySize,
        signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey},
    };

    use super::*;

    #[test]
    fn small_numbers_by_hand() {
        assert_eq!(power(&[3], &[5], &[7]), [5]);
        let by_hand = (0..255).fold(1_u64, |it, _| it * 2 % 0x1_ffff_fffb);
        let (high, low) = halves(by_hand);
        assert_eq!(power(&[2, 0], &[0xff], &[0xffff_fffb, 1]), [low, high]);
    }

    #[test]
    fn the_library_takes_the_signature_for_a_right_one() {
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, key.public_key().as_ref());
        for text in ["", "a message of SNS"] {
            public.verify(text.as_bytes(), &sign(&key, text.as_bytes())).unwrap();
        }
        assert!(public.verify(b"another", &sign(&key, b"a message of SNS")).is_err());
    }
}
