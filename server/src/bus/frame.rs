//! A message on its way between processes: who sent it, what kind it is, and its bytes.

use bytes::{BufMut, Bytes, BytesMut};

use super::MAX_MESSAGE;

/// Tells processes apart, so that none hears itself twice. Random, chosen at the start.
pub(super) type Origin = [u8; 8];

/// Layout of the head: one byte of kind, eight of origin.
const HEAD: usize = 9;
const MESSAGE: u8 = 1;
const LOOK_AGAIN: u8 = 2;

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A message.
    Message(Bytes),
    /// There was a message that was too long to travel, or did not get out.
    LookAgain,
}

impl Frame {
    /// The frame of a message.
    pub(super) fn of(message: &Bytes) -> Self {
        if message.len() > MAX_MESSAGE { Self::LookAgain } else { Self::Message(message.clone()) }
    }

    /// The bytes as `origin` sends them.
    pub(super) fn encode(&self, origin: Origin) -> Bytes {
        let (kind, message) = match self {
            Self::Message(message) => (MESSAGE, &message[..]),
            Self::LookAgain => (LOOK_AGAIN, &[][..]),
        };
        let mut bytes = BytesMut::with_capacity(HEAD + message.len());
        bytes.put_u8(kind);
        bytes.put_slice(&origin);
        bytes.put_slice(message);
        bytes.freeze()
    }

    /// Sender and frame. What cannot be read (a newer release may send it) is a reason to look again.
    pub(super) fn decode(bytes: Bytes) -> (Origin, Self) {
        let Some((head, _)) = bytes.split_first_chunk::<HEAD>() else { return (Origin::default(), Self::LookAgain) };
        let [kind, origin @ ..] = *head;
        let message = bytes.slice(HEAD..);
        match kind {
            MESSAGE if message.len() <= MAX_MESSAGE => (origin, Self::Message(message)),
            _ => (origin, Self::LookAgain),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_sent_is_read(origin: Origin, message: Vec<u8>) {
            let frame = Frame::of(&Bytes::from(message));
            prop_assert_eq!(Frame::decode(frame.encode(origin)), (origin, frame));
        }

        #[test]
        fn no_bytes_break_the_reader(bytes: Vec<u8>) {
            let _ = Frame::decode(Bytes::from(bytes));
        }
    }
}
