//! What the controller has sent and the worker has not yet taken: filled by the thread that reads, emptied by
//! the one that works. It is bounded, so a controller that sends too far ahead is made to wait.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Read};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::protocol::{Frame, Request, ToWorker};

/// How many requests may wait. Together with [`MAX_QUEUED_BYTES`] the limit of what a controller may send
/// before it has had an answer.
pub const MAX_QUEUED_REQUESTS: usize = 10_000;

/// How large the frames of the requests that wait may be together, in bytes.
pub const MAX_QUEUED_BYTES: usize = 64 << 20;

/// How much of a file may wait to be written, in bytes.
const MAX_PIECE_BYTES: usize = 4 << 20;

/// What is to be done in its turn.
#[derive(Debug, PartialEq)]
pub(super) enum Order {
    /// Carry out a request.
    Run(Request),
    /// Take requests again after a failure.
    Resume,
}

/// The frames that have arrived.
#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Each with the size of its frame.
    orders: VecDeque<(Order, usize)>,
    order_bytes: usize,
    /// The requests that may change the host.
    granted: BTreeSet<u64>,
    pieces: VecDeque<Vec<u8>>,
    piece_bytes: usize,
    /// How much is still to come of the file that was asked for.
    awaited: Option<u64>,
    /// Whether the reader holds a request that there is no room for.
    is_full: bool,
    /// Whether nothing more arrives.
    is_over: bool,
    /// Why, if the controller has not simply gone.
    error: Option<io::Error>,
}

impl Inbox {
    /// Takes in all frames until the controller closes or breaks the protocol.
    pub(super) fn fill(&self, input: &mut impl Read) {
        let error = loop {
            match Frame::read(input) {
                Ok(Some(frame)) => {
                    if let Err(error) = self.deliver(frame) {
                        break Some(error);
                    }
                }
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        let mut state = self.lock();
        (state.is_over, state.error) = (true, error);
        drop(state);
        self.changed.notify_all();
    }

    fn deliver(&self, frame: Frame) -> io::Result<()> {
        let size = frame.payload().len();
        match frame {
            Frame::Piece(piece) => self.deliver_piece(piece)?,
            Frame::Message(_) => match frame.parse()? {
                ToWorker::Run(request) => self.deliver_order(Order::Run(request), size),
                ToWorker::Resume => self.deliver_order(Order::Resume, size),
                ToWorker::Go(id) => {
                    self.lock().granted.insert(id);
                }
            },
        }
        self.changed.notify_all();
        Ok(())
    }

    fn deliver_order(&self, order: Order, size: usize) {
        let has_room = |state: &State| {
            let fits = state.order_bytes + size <= MAX_QUEUED_BYTES || state.orders.is_empty();
            state.orders.len() < MAX_QUEUED_REQUESTS && fits
        };
        let mut state = self.lock();
        while !has_room(&state) {
            state.is_full = true;
            self.changed.notify_all();
            state = self.wait(state);
        }
        state.is_full = false;
        state.order_bytes += size;
        state.orders.push_back((order, size));
    }

    fn deliver_piece(&self, piece: Vec<u8>) -> io::Result<()> {
        let mut state = self.lock();
        while state.piece_bytes >= MAX_PIECE_BYTES {
            state = self.wait(state);
        }
        let length = piece.len() as u64;
        let rest = state
            .awaited
            .and_then(|awaited| awaited.checked_sub(length));
        let Some(rest) = rest else {
            return Err(protocol_error(
                "a piece of a file arrived that was not asked for",
            ));
        };
        state.awaited = (rest > 0 && length > 0).then_some(rest);
        state.piece_bytes += piece.len();
        state.pieces.push_back(piece);
        Ok(())
    }

    /// Whether there is nothing to do but to wait for the controller.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().orders.is_empty()
    }

    /// The next order. Fails when the controller has gone, even if it has left orders behind.
    pub(super) fn next(&self) -> io::Result<Order> {
        self.take(|state| {
            let (order, size) = state.orders.pop_front()?;
            state.order_bytes -= size;
            Some(order)
        })
    }

    /// Waits for that long. Fails as soon as the controller has gone.
    pub(super) fn pause(&self, length: Duration) -> io::Result<()> {
        let begun = Instant::now();
        let mut state = self.lock();
        loop {
            if state.is_over {
                return Err(state.error.take().unwrap_or_else(gone));
            }
            let Some(rest) = length
                .checked_sub(begun.elapsed())
                .filter(|rest| !rest.is_zero())
            else {
                return Ok(());
            };
            let waited = self.changed.wait_timeout(state, rest);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether the request may change the host.
    pub(super) fn is_granted(&self, id: u64) -> bool {
        self.lock().granted.contains(&id)
    }

    /// Waits until the request may change the host.
    pub(super) fn wait_for_go(&self, id: u64) -> io::Result<()> {
        self.take_ahead(|state| state.granted.contains(&id).then_some(()))
    }

    /// Forgets what was granted to the request and those before it.
    pub(super) fn finish(&self, id: u64) {
        let mut state = self.lock();
        state.granted.retain(|granted| *granted > id);
    }

    /// Announces that the pieces of a file of `size` bytes are going to be asked for.
    pub(super) fn expect_pieces(&self, size: u64) {
        self.lock().awaited = Some(size);
    }

    /// The next piece of the file that was asked for; an empty one if the controller cannot supply it.
    pub(super) fn next_piece(&self) -> io::Result<Vec<u8>> {
        self.take_ahead(|state| {
            let piece = state.pieces.pop_front()?;
            state.piece_bytes -= piece.len();
            Some(piece)
        })
    }

    /// Takes something that comes in its turn.
    fn take<T>(&self, mut find: impl FnMut(&mut State) -> Option<T>) -> io::Result<T> {
        let mut state = self.lock();
        loop {
            if state.is_over {
                return Err(state.error.take().unwrap_or_else(gone));
            }
            if let Some(found) = find(&mut state) {
                self.changed.notify_all();
                return Ok(found);
            }
            state = self.wait(state);
        }
    }

    /// Takes something that may arrive behind requests that are not being taken meanwhile. It cannot arrive
    /// once they fill the queue.
    fn take_ahead<T>(&self, mut find: impl FnMut(&mut State) -> Option<T>) -> io::Result<T> {
        self.take(|state| match find(state) {
            None if state.is_full => Some(Err(protocol_error(
                "the controller has sent more requests ahead than the queue takes",
            ))),
            found => found.map(Ok),
        })?
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// That the controller has gone: not an error for the worker as a whole, but for whoever waits for it.
fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the controller has gone")
}

fn protocol_error(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
