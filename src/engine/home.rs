//! Homes: published when somebody opens theirs, and anew when what they would see has changed.
//!
//! Who has opened their Home is recorded, with a digest of what they were shown. A change of any run leads to one look at
//! all of them, at most every few seconds; whose Home would differ gets it in turn, at the pace that Slack allows, drawn
//! from the newest state. Before the call it is written that it is being made, so that one replica makes it; a call whose
//! outcome is lost is made again.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use super::{
    Engine, Wake,
    actors::Next,
    outbox::{Place, Turn},
    ports::{ChatError, Lane, PeopleError, Reader, StoreError, readers::KEPT},
};
use crate::{
    domain::{access::Right, lake::Lake},
    projection::{
        home::{Asked, Home, outline},
        thread::Urgency,
    },
};

mod publish;

use publish::wait;

/// Stands for everybody's Home where one person's id could stand.
pub const EVERYBODY: &str = "*";

/// The least time between two Homes of one person.
const EVERY: SignedDuration = SignedDuration::from_secs(20);

/// The least time between two looks at all Homes.
const LOOK: Duration = Duration::from_secs(5);

/// How long the state of the lake may be drawn from.
const FRESH: Duration = Duration::from_secs(5);

/// How long nobody's Home is brought up to date when Slack says that there are none.
const OFF: Duration = Duration::from_hours(1);

/// For how long an opening is attended to by whoever was told of it; afterwards the look at all Homes does it.
const ATTENDED: SignedDuration = SignedDuration::from_mins(1);

/// Pause before an opening is attended to again.
const PAUSE: Duration = Duration::from_secs(3);

/// The state of the lake as it was looked up.
struct Looked {
    lake: Lake,
    outline: String,
    at: Instant,
}

/// Why a Home was not published, and the others will not be either for now.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error(transparent)]
    Slack(#[from] ChatError),
    #[error("the process stops")]
    Stopping,
}

impl Engine {
    /// Records that `user` has opened their Home, and has it published.
    ///
    /// # Errors
    /// It is not certain that it is recorded.
    pub async fn open_home(&self, user: &str) -> Result<(), StoreError> {
        loop {
            let version = self.readers.reader(user).await?.map_or(0, |it| it.version);
            let opened = Reader {
                user: user.to_owned(),
                opened_at: self.clock.now(),
                shown: String::new(),
                drawn_from: String::new(),
                published_at: None,
                version: version + 1,
            };
            if self.readers.put_reader(&opened).await? {
                self.wakes.send(Wake::Home(user.to_owned()));
                return Ok(());
            }
        }
    }

    /// Publishes the Home that `user` has just opened, and says when to try again.
    pub async fn show_home(&self, user: &str) -> Next {
        let reader = match self.readers.reader(user).await {
            // Once somebody has undertaken to publish it, it is kept up to date with the others.
            Ok(reader) => reader.filter(|it| it.published_at.is_none()),
            Err(error) => {
                tracing::warn!(user, %error, "The Home of {user} could not be published");
                return Next::Again(PAUSE);
            }
        };
        let Some(reader) = reader else { return Next::Rest };
        let since = self.clock.now().duration_since(reader.opened_at);
        match self.show(reader, Urgency::Act, None).await {
            Ok(_) | Err(Trouble::Stopping) => Next::Rest,
            Err(trouble) => {
                tracing::warn!(user, %trouble, "The Home of {user} could not be published");
                self.wakes.send(Wake::Homes);
                if since < ATTENDED { Next::Again(PAUSE) } else { Next::Rest }
            }
        }
    }

    /// Publishes the Homes that have changed, and says when to look again.
    pub async fn refresh_homes(&self) -> Next {
        if let Some(left) = self.outbox.left_alone(EVERYBODY) {
            return Next::Again(left);
        }
        self.outbox.leave_alone(EVERYBODY, LOOK);
        match self.refresh_all().await {
            Ok(None) | Err(Trouble::Stopping) => Next::Rest,
            Ok(Some(after)) => Next::Again(after),
            Err(trouble) => {
                tracing::warn!(%trouble, "Homes are not up to date; the next sweep looks at them again");
                Next::Rest
            }
        }
    }

    /// Returns after what time somebody's Home may be published that has changed.
    async fn refresh_all(&self) -> Result<Option<Duration>, Trouble> {
        let users = self.readers.readers(self.clock.now() - KEPT).await?;
        if users.is_empty() {
            return Ok(None);
        }
        let mut looked = self.look_at_lake().await?;
        let mut next: Option<Duration> = None;
        for user in users {
            let Some(reader) = self.readers.reader(&user).await?.filter(|it| it.drawn_from != looked.outline) else {
                continue;
            };
            let wait = wait(&reader, self.clock.now());
            if wait.is_zero() {
                looked = self.show(reader, Urgency::State, Some(looked)).await?;
            } else {
                next = Some(next.map_or(wait, |it| it.min(wait)));
            }
        }
        Ok(next)
    }

    async fn look_at_lake(&self) -> Result<Looked, StoreError> {
        let (at, lake) = (Instant::now(), self.lake().await?);
        let outline = outline(&self.words, &lake, self.clock.now());
        Ok(Looked { lake, outline, at })
    }

    /// Draws the reader's Home when there is a place for the call, and publishes it if it is another than what is shown.
    /// Returns what it was drawn from.
    async fn show(&self, reader: Reader, urgency: Urgency, looked: Option<Looked>) -> Result<Looked, Trouble> {
        let place = self.place_for(&reader.user, urgency).await?;
        let looked = match looked.filter(|it| it.at.elapsed() < FRESH) {
            Some(looked) => looked,
            None => self.look_at_lake().await?,
        };
        // Spent on who they are: Slack is asked that no more often than their Homes are published.
        place.spend().await;
        let user = &reader.user;
        let (rights, locale) = (self.rights(user, None).await?, self.locale_of(user).await);
        let whom = |right| self.access.holders(None, right).iter().map(ToString::to_string).collect();
        let ask = Asked { view: whom(Right::View), operate: whom(Right::Operate) };
        let home = Home { lake: &looked.lake, rights: &rights, ask: &ask };
        let drawn = home.draw(&self.words, locale, self.clock.now());
        if drawn.digest == reader.shown {
            let same = Reader { drawn_from: looked.outline.clone(), version: reader.version + 1, ..reader };
            self.readers.put_reader(&same).await?;
            return Ok(looked);
        }
        let undertaken = Reader {
            shown: String::new(),
            drawn_from: String::new(),
            published_at: Some(self.clock.now()),
            version: reader.version + 1,
            ..reader
        };
        if self.readers.put_reader(&undertaken).await? {
            self.publish(undertaken, &drawn, &looked.outline).await?;
        }
        Ok(looked)
    }

    async fn place_for(&self, user: &str, urgency: Urgency) -> Result<Place, Trouble> {
        loop {
            match self.outbox.place(&format!("home:{user}"), vec![(Lane::Home, urgency)]).await {
                Turn::Place(place) => return Ok(place),
                Turn::Nudged => {}
                Turn::Closed => return Err(Trouble::Stopping),
            }
        }
    }
}
