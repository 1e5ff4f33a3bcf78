//! Commands, data and responses of a connection, paired by their transaction id.
//!
//! Both ways are put in order each for itself, so that one may run ahead of the other: a response
//! can come out before its command, where the command waits behind a hole. Nothing is paired by
//! guess: what has no partner of its id is shown without one.

use std::collections::VecDeque;

use filmwire_codec::container::{ContainerHeader, ContainerType, HEADER_BYTES, decode_params};
use filmwire_codec::journal::{Direction, VALUE_BYTES};
use filmwire_codec::{DataDirection, OperationCode, ResponseCode, TransactionId};

use super::{fields, words};
use crate::record::{Field, Side, Transaction};

/// Unfinished transactions of a connection. A client begins one at a time, but one way may run ahead
/// by as many packets as a hole in the other is waited for.
pub const MOST_OPEN: usize = 12;

/// A container as the framer gave it out.
#[derive(Debug)]
pub(crate) struct Container<'a> {
    pub(crate) header: ContainerHeader,
    /// What was kept of it, header included.
    pub(crate) bytes: &'a [u8],
    pub(crate) missing: u64,
    pub(crate) first_ns: Option<u64>,
    pub(crate) last_ns: Option<u64>,
}

impl Container<'_> {
    fn params(&self) -> Option<Vec<u32>> {
        (self.missing == 0)
            .then(|| decode_params(self.bytes.get(HEADER_BYTES..).unwrap_or_default()))
    }
}

/// What was seen of a transaction so far.
#[derive(Debug)]
struct Open {
    id: TransactionId,
    command: Option<Command>,
    data: Option<Data>,
    response: Option<(ResponseCode, Option<Vec<u32>>)>,
    first_ns: Option<u64>,
    last_ns: Option<u64>,
}

#[derive(Debug, PartialEq, Eq)]
struct Command {
    code: OperationCode,
    /// `None` if the capture does not have all of them.
    params: Option<Vec<u32>>,
}

#[derive(Debug)]
struct Data {
    from: Side,
    code: OperationCode,
    payload: Vec<u8>,
    length: u64,
    missing: u64,
}

/// Transactions of a connection.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    connection: u32,
    open: VecDeque<Open>,
    /// Unexplained fields of what was given out, if they are asked for.
    fields: Option<Vec<Field>>,
}

impl Pairs {
    /// `explains`: what nobody can explain is kept for [`Pairs::fields`].
    pub(crate) fn new(connection: u32, explains: bool) -> Self {
        Self { connection, open: VecDeque::new(), fields: explains.then(Vec::new) }
    }

    pub(crate) fn explains(&self) -> bool {
        self.fields.is_some()
    }

    /// Unexplained fields since the last time.
    pub(crate) fn fields(&mut self) -> Vec<Field> {
        self.fields.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(crate) fn held_bytes(&self) -> usize {
        let data = self.open.iter().filter_map(|open| open.data.as_ref());
        data.map(|data| data.payload.capacity()).sum()
    }

    /// Takes a container and gives out what it completes.
    pub(crate) fn take(
        &mut self,
        from: Side,
        container: &Container<'_>,
        give: &mut impl FnMut(Transaction),
    ) {
        let id = container.header.transaction;
        let payload = container.bytes.get(HEADER_BYTES..).unwrap_or_default();
        let at = match container.header.kind {
            ContainerType::COMMAND => {
                let at = self.find(id, |open| open.command.is_none(), give);
                let code = OperationCode(container.header.code);
                let command = Command { code, params: container.params() };
                if let Some(open) = self.open.get_mut(at) {
                    open.command = Some(command);
                    open.first_ns = container.first_ns;
                }
                at
            }
            ContainerType::DATA => {
                let fits = |open: &Open| open.data.is_none();
                let again = self.asked_again(id, container.first_ns, fits);
                let at = again.unwrap_or_else(|| self.find(id, fits, give));
                let data = Data {
                    from,
                    code: OperationCode(container.header.code),
                    payload: payload.to_vec(),
                    length: container.header.payload_bytes() as u64,
                    missing: container.missing,
                };
                if let Some(open) = self.open.get_mut(at) {
                    open.data = Some(data);
                    open.first_ns = open.first_ns.or(container.first_ns);
                }
                at
            }
            _ => {
                let fits = |open: &Open| open.response.is_none();
                let again = self.asked_again(id, container.first_ns, fits);
                let at = again.unwrap_or_else(|| self.find(id, fits, give));
                let code = ResponseCode(container.header.code);
                if let Some(open) = self.open.get_mut(at) {
                    open.response = Some((code, container.params()));
                    open.first_ns = open.first_ns.or(container.first_ns);
                    open.last_ns = container.last_ns;
                }
                at
            }
        };
        self.close(at, give);
    }

    /// Gives out what is unfinished. `hung_up`: the camera was the first to end the connection, and
    /// all it said is known.
    pub(crate) fn finish(&mut self, hung_up: bool, give: &mut impl FnMut(Transaction)) {
        while let Some(open) = self.open.pop_front() {
            // A camera answers in order: those before got no answer while it was still there.
            let is_last = self.open.is_empty() && open.command.is_some();
            let is_left = hung_up && is_last && open.response.is_none();
            let done = self.tell(open);
            give(Transaction { hung_up: is_left, ..done });
        }
    }

    /// The place of an open transaction with room for what came, made if there is none.
    fn find(
        &mut self,
        id: TransactionId,
        fits: impl Fn(&Open) -> bool,
        give: &mut impl FnMut(Transaction),
    ) -> usize {
        if let Some(at) = self.open.iter().position(|open| open.id == id && fits(open)) {
            return at;
        }
        if self.open.len() >= MOST_OPEN
            && let Some(oldest) = self.open.pop_front()
        {
            give(self.tell(oldest));
        }
        let open =
            Open { id, command: None, data: None, response: None, first_ns: None, last_ns: None };
        self.open.push_back(open);
        self.open.len() - 1
    }

    /// The place of a command that was sent again under its own id before `at_ns`, unless the camera
    /// had begun to answer: who asks again got nothing, and what comes then is about that. Where times
    /// are not known, nobody knows which of them it is about.
    fn asked_again(
        &self,
        id: TransactionId,
        at_ns: Option<u64>,
        fits: impl Fn(&Open) -> bool,
    ) -> Option<usize> {
        let first = self.open.iter().find(|open| open.id == id && fits(open))?;
        let is_begun = first.data.as_ref().is_some_and(|data| data.from == Side::Camera);
        let asked = first.command.as_ref().filter(|asked| !is_begun && asked.params.is_some())?;
        self.open.iter().rposition(|open| {
            let is_sent = open.first_ns.zip(at_ns).is_some_and(|(sent, now)| sent <= now);
            is_sent && open.id == id && open.command.as_ref() == Some(asked) && fits(open)
        })
    }

    /// Gives out the transaction if it is complete, and those before it that got no response: the
    /// camera answers in order.
    fn close(&mut self, at: usize, give: &mut impl FnMut(Transaction)) {
        if !self.open.get(at).is_some_and(Open::is_complete) {
            return;
        }
        let mut before = 0;
        let mut index = 0;
        while index < at - before {
            let is_left = |open: &Open| open.command.is_some() && open.response.is_none();
            if self.open.get(index).is_some_and(is_left) {
                if let Some(open) = self.open.remove(index) {
                    let done = self.tell(open);
                    give(done);
                }
                before += 1;
            } else {
                index += 1;
            }
        }
        if let Some(open) = self.open.remove(at - before) {
            let done = self.tell(open);
            give(done);
        }
    }

    fn tell(&mut self, open: Open) -> Transaction {
        let asked = open.command.is_some();
        let operation = match (&open.command, &open.data) {
            (Some(command), _) => Some(command.code),
            // Old clients wrote anything there, so their word counts for little.
            (None, Some(data)) if data.from == Side::Camera => Some(data.code),
            _ => None,
        };
        let direction = open.data.as_ref().map_or(Direction::None, |data| match data.from {
            Side::Client => Direction::Out,
            Side::Camera => Direction::In,
        });
        let duration_ns = open.last_ns.filter(|_| asked).zip(open.first_ns);
        let duration_ns = duration_ns.and_then(|(last, first)| last.checked_sub(first));
        let params = open.command.and_then(|command| command.params);
        let params_text = match (&params, operation) {
            (Some(params), Some(code)) => words::params(code, params),
            _ if asked => "parameters lost".to_owned(),
            _ => "command not captured".to_owned(),
        };
        let mut transaction = Transaction {
            at_ns: open.first_ns,
            duration_ns,
            connection: self.connection,
            id: open.id,
            direction,
            operation,
            operation_name: operation.and_then(OperationCode::name),
            asked,
            params_text,
            params,
            data_bytes: 0,
            missing_bytes: 0,
            value: Vec::new(),
            data_text: String::new(),
            response: open.response.as_ref().map(|(code, _)| *code),
            response_name: open.response.as_ref().and_then(|(code, _)| code.name()),
            response_params: open.response.and_then(|(_, params)| params),
            hung_up: false,
        };
        if let Some(data) = open.data {
            let whole = data.missing == 0 && data.payload.len() as u64 == data.length;
            if let Some(operation) = operation.filter(|_| whole && asked) {
                let params = transaction.params.as_deref().unwrap_or_default();
                transaction.data_text = words::data(operation, params, &data.payload);
                if let Some(kept) = &mut self.fields {
                    let (at_ns, connection) = (transaction.at_ns, transaction.connection);
                    let place = (at_ns, connection, Some(transaction.id));
                    fields::data(operation, params, &data.payload, &mut |name, code, bytes| {
                        kept.push(field(place, name, code, bytes));
                    });
                }
            }
            transaction.data_bytes = data.length;
            transaction.missing_bytes = data.missing;
            transaction.value = data.payload;
            transaction.value.truncate(VALUE_BYTES);
            transaction.value.shrink_to_fit();
        }
        transaction
    }
}

/// `place`: when, on which connection, and in which transaction.
pub(crate) fn field(
    place: (Option<u64>, u32, Option<TransactionId>),
    field: &'static str,
    code: u32,
    bytes: &[u8],
) -> Field {
    let (at_ns, connection, id) = place;
    let value = bytes.get(..VALUE_BYTES).unwrap_or(bytes).to_vec();
    Field { at_ns, connection, id, field, code, value, bytes: bytes.len() as u64 }
}

impl Open {
    /// A response ends a transaction, unless data of the client is still on its way to us.
    fn is_complete(&self) -> bool {
        let Some(command) = &self.command else { return false };
        let waits = command.code.data_direction() == Some(DataDirection::Out);
        self.response.is_some() && (!waits || self.data.is_some())
    }
}
