//! What the two record kinds have in common: JSON with a version, bounded.

use serde::{Serialize, de::DeserializeOwned};

use super::EscrowError;

/// Larger records were not written here.
const MAX_RECORD: usize = 1 << 20;

/// The version of the records written here. A newer one is refused.
pub(super) const VERSION: u8 = 1;

pub(super) fn to_value<T: Serialize>(
    record: &T,
    kind: &'static str,
) -> Result<Vec<u8>, EscrowError> {
    serde_json::to_vec(record).map_err(|_| EscrowError::Damaged { record: kind })
}

pub(super) fn from_value<T: DeserializeOwned>(
    value: &[u8],
    kind: &'static str,
) -> Result<T, EscrowError> {
    if value.len() > MAX_RECORD {
        return Err(EscrowError::Damaged { record: kind });
    }
    serde_json::from_slice(value).map_err(|_| EscrowError::Damaged { record: kind })
}

/// Byte strings as lower-case hexadecimal text.
pub(super) mod hex {
    use std::borrow::Cow;

    use data_encoding::HEXLOWER;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in crate::escrow) fn serialize<S: Serializer>(
        bytes: &[u8],
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.serialize_str(&HEXLOWER.encode(bytes))
    }

    pub(in crate::escrow) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<'de, str>::deserialize(d)?;
        HEXLOWER
            .decode(text.as_bytes())
            .map_err(|_| D::Error::custom("not hexadecimal"))
    }
}

/// The same for byte strings that may be missing.
pub(super) mod hex_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Hex(#[serde(with = "super::hex")] Vec<u8>);

    #[allow(clippy::ref_option)] // serde's calling convention
    pub(in crate::escrow) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.clone().map(Hex).serialize(s)
    }

    pub(in crate::escrow) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<Hex>::deserialize(d)?.map(|hex| hex.0))
    }
}
