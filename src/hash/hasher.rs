//! Computing a hash from content as it arrives.

use digest::DynDigest;
use xxhash_rust::xxh3::Xxh3;

use super::{Digest, HashType};

/// A hash under way.
pub struct Hasher(State);

enum State {
    Digest(Box<dyn DynDigest + Send>),
    Crc32(crc32fast::Hasher),
    Blake3(Box<blake3::Hasher>),
    Xxh3(Box<Xxh3>),
    Xxh128(Box<Xxh3>),
}

impl Hasher {
    /// A hash of no content yet.
    pub fn new(hash: HashType) -> Self {
        Self(match hash {
            HashType::Md5 => State::Digest(Box::<md5::Md5>::default()),
            HashType::Sha1 => State::Digest(Box::<sha1::Sha1>::default()),
            HashType::Whirlpool => State::Digest(Box::<whirlpool::Whirlpool>::default()),
            HashType::Sha256 => State::Digest(Box::<sha2::Sha256>::default()),
            HashType::Sha512 => State::Digest(Box::<sha2::Sha512>::default()),
            HashType::Crc32 => State::Crc32(crc32fast::Hasher::new()),
            HashType::Blake3 => State::Blake3(Box::default()),
            HashType::Xxh3 => State::Xxh3(Box::default()),
            HashType::Xxh128 => State::Xxh128(Box::default()),
        })
    }

    /// Adds content.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.0 {
            State::Digest(state) => state.update(data),
            State::Crc32(state) => state.update(data),
            State::Blake3(state) => {
                state.update(data);
            }
            State::Xxh3(state) | State::Xxh128(state) => state.update(data),
        }
    }

    /// The hash of everything that was added.
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Digest(state) => Digest::new(state.finalize()),
            State::Crc32(state) => Digest::new(state.finalize().to_be_bytes()),
            State::Blake3(state) => Digest::new(*state.finalize().as_bytes()),
            State::Xxh3(state) => Digest::new(state.digest().to_be_bytes()),
            State::Xxh128(state) => Digest::new(state.digest128().to_be_bytes()),
        }
    }

    /// The hash of `data`.
    pub fn hash(hash: HashType, data: &[u8]) -> Digest {
        let mut hasher = Self::new(hash);
        hasher.update(data);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// rclone's answers for a file that holds `hello`.
    const HELLO: [(&str, &str); 9] = [
        ("md5", "5d41402abc4b2a76b9719d911017c592"),
        ("sha1", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"),
        (
            "whirlpool",
            "0a25f55d7308eca6b9567a7ed3bd1b46327f0f1ffdc804dd8bb5af40e88d78b88df0d002a89e2fdbd5876c523f1b67bc44e9f87047598e7548298ea1c81cfd73",
        ),
        ("crc32", "3610a686"),
        ("sha256", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
        (
            "SHA-512",
            "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043",
        ),
        ("blake3", "ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f"),
        ("xxh3", "9555e8555c62dcfd"),
        ("xxh128", "b5e9c1ad071b3e7fc779cfaa5e523818"),
    ];

    #[test]
    fn every_hash_is_rclones() {
        for (name, digits) in HELLO {
            let hash: HashType = name.parse().unwrap();
            let mut hasher = Hasher::new(hash);
            hasher.update(b"he");
            hasher.update(b"");
            hasher.update(b"llo");
            let digest = hasher.finish();
            assert_eq!((digest.to_string().as_str(), digest.size()), (digits, hash.size()), "{name}");
        }
        assert!("md4".parse::<HashType>().is_err());
    }
}
