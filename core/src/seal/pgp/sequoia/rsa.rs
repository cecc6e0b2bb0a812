//! RSA secrets of OpenPGP for aws-lc: never the `rsa` crate, whose secret
//! operations leak by time (RUSTSEC-2023-0071).

use sequoia_openpgp::crypto::mpi::{PublicKey, SecretKeyMaterial};
use zeroize::Zeroizing;

use crate::base::crypto::private::PrivateKey;

/// The private key of these parameters; `None` where they are no RSA key that
/// is consistent and that aws-lc takes.
pub(super) fn private_key(public: &PublicKey, secret: &SecretKeyMaterial) -> Option<PrivateKey> {
    let (PublicKey::RSA { n, e }, SecretKeyMaterial::RSA { d, p, q, u }) = (public, secret) else {
        return None;
    };
    let der = pkcs1(
        n.value(),
        e.value(),
        d.value(),
        p.value(),
        q.value(),
        u.value(),
    )?;
    PrivateKey::from_rsa_pkcs1(&der).ok()
}

/// RSAPrivateKey (RFC 8017 appendix A.1.2).
///
/// OpenPGP's u is p⁻¹ mod q (RFC 9580 section 5.5.5.1). With p and q swapped
/// that is RFC 8017's coefficient.
fn pkcs1(n: &[u8], e: &[u8], d: &[u8], p: &[u8], q: &[u8], u: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const MAX: usize = 1024;
    let (n, e, d, p, q, u) = (trim(n), trim(e), trim(d), trim(p), trim(q), trim(u));
    let bounded = [n, d].iter().all(|x| x.len() <= MAX) && [p, q, u].iter().all(|x| x.len() <= MAX);
    let odd = [p, q].iter().all(|x| x.last().is_some_and(|b| b & 1 == 1));
    if !bounded || !odd || e.len() > 8 {
        return None;
    }
    let (dp, dq) = (reduce(d, q), reduce(d, p));
    // Never grown, so that no copy is left behind.
    let mut body = Zeroizing::new(Vec::with_capacity(9 * (MAX + 8)));
    for number in [&[][..], n, e, d, q, p, &dp, &dq, u] {
        integer(&mut body, trim(number));
    }
    let mut out = Zeroizing::new(Vec::with_capacity(body.len() + 8));
    super::spki::head(&mut out, 0x30, body.len());
    out.extend_from_slice(&body);
    Some(out)
}

fn trim(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&b| b == 0).count();
    &number[zeros..]
}

/// DER INTEGER of a number that is not negative and has no leading zeros.
fn integer(out: &mut Vec<u8>, number: &[u8]) {
    super::spki::integer(out, number);
}

/// `d mod (prime - 1)` for an odd prime. Its time depends on the lengths alone:
/// for each bit of `d` one shift and one masked subtraction.
fn reduce(d: &[u8], prime: &[u8]) -> Zeroizing<Vec<u8>> {
    let limbs = prime.len().div_ceil(8);
    let mut modulus = Zeroizing::new(vec![0u64; limbs]);
    for (i, byte) in prime.iter().rev().enumerate() {
        modulus[i / 8] |= u64::from(*byte) << (8 * (i % 8));
    }
    modulus[0] &= !1;
    let mut rest = Zeroizing::new(vec![0u64; limbs]);
    let mut less = Zeroizing::new(vec![0u64; limbs]);
    for byte in d {
        for bit in (0..8).rev() {
            let mut carry = u64::from((byte >> bit) & 1);
            for limb in rest.iter_mut() {
                let next = *limb >> 63;
                *limb = (*limb << 1) | carry;
                carry = next;
            }
            let mut borrow = 0u64;
            for i in 0..limbs {
                let (a, b1) = rest[i].overflowing_sub(modulus[i]);
                let (a, b2) = a.overflowing_sub(borrow);
                less[i] = a;
                borrow = u64::from(b1) | u64::from(b2);
            }
            // Subtract where the shift ran over or nothing was borrowed.
            let take = std::hint::black_box(carry | (borrow ^ 1)).wrapping_neg();
            for i in 0..limbs {
                rest[i] = (less[i] & take) | (rest[i] & !take);
            }
        }
    }
    let mut out = Zeroizing::new(Vec::with_capacity(limbs * 8));
    for limb in rest.iter().rev() {
        out.extend_from_slice(&limb.to_be_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reduction_agrees_with_small_numbers() {
        for (d, prime) in [
            (1_000_003u128, 65_537u128),
            (7, 11),
            (u128::MAX, 0xFFFF_FFFF_FFFF_FFC5),
        ] {
            let got = reduce(&d.to_be_bytes(), trim(&prime.to_be_bytes()));
            let want = d % (prime - 1);
            assert_eq!(trim(&got), trim(&want.to_be_bytes()));
        }
    }
}
