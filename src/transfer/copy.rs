//! Carries out the plan of a copy, a sync or a move, many files at once.

use std::future::ready;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use futures_util::future::{Either, join3, select};
use futures_util::stream::{self, LocalBoxStream, StreamExt as _, TryStreamExt as _};

use super::budget::Budget;
use super::copy_file::Copier;
use super::file_options::FileOptions;
use super::folder_times::Model;
use super::gate::Gate;
use super::march::Limits;
use super::overlap::{Relation, is_one_system, refuse_overlap, relation};
use super::plan::{Action, CopyFile, Plan, Surplus, present};
use super::prepare::Preparation;
use super::retry::Retries;
use super::stats::Stats;
use super::surplus::Cleaner;
use super::task::{Rules, Task, When};
use super::work::{Tools, Work};
use crate::cancel::Cancel;
use crate::error::{Kind, Result};
use crate::filter::Filter;
use crate::fs::Fs;
use crate::path::{Name, RelPath};

/// Files under way at once, large and small, unless told otherwise.
pub const IN_FLIGHT: usize = 256;
/// How long a stopped run may take to remove its partial files.
const CLEAN_UP: Duration = Duration::from_secs(3);
/// How many of those that could not be removed are named.
const NAMED: usize = 10;

/// What a run works with.
pub struct Copy {
    /// The tree to read.
    pub source: Arc<dyn Fs>,
    /// The one file to copy, if the source is a file.
    pub only: Option<Single>,
    /// The tree to change.
    pub destination: Arc<dyn Fs>,
    /// What the run is for.
    pub task: Task,
    /// What it keeps to.
    pub rules: Rules,
    /// Files under way at once on a connection, large and small.
    pub in_flight: usize,
    /// How files are carried.
    pub files: FileOptions,
    /// Large files copied at once.
    pub transfers: usize,
    /// Folders read at once.
    pub folders: usize,
    /// Levels of folders to copy; `None` for all.
    pub max_depth: Option<usize>,
    /// What is copied.
    pub filter: Arc<Filter>,
    /// Whether to make folders that no file goes into.
    pub empty_dirs: bool,
    /// Lets changes pass, or not.
    pub gate: Arc<Gate>,
    /// How often a file is tried whose connection is lost.
    pub retries: Retries,
    /// What is counted.
    pub stats: Stats,
    /// What stops the run.
    pub cancel: Cancel,
}

/// One file, by its names in the roots of the two trees.
#[derive(Clone, Debug)]
pub struct Single {
    /// Its name in the source.
    pub from: Name,
    /// Its name in the destination.
    pub to: Name,
}

/// What of the source there is to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    /// It is the destination.
    Nothing,
    /// All of it.
    All,
    /// All but the part that is the destination.
    Without(RelPath),
}

impl Copy {
    /// Works until all is done. A file that fails is logged and counted in the statistics, and does not stop the rest.
    ///
    /// # Errors
    /// What makes every further file pointless: nobody gets in, the source root cannot be read, the places overlap, a
    /// limit is met, or the run was stopped.
    pub async fn run(&self) -> Result<()> {
        let copier = self.copier(Arc::clone(&self.source)).with_backup(self.rules.backup.clone());
        let references = self.rules.references.copy.iter().map(|place| self.copier(Arc::clone(place)));
        let tools = Tools {
            copier,
            references: references.collect(),
            large: Budget::new(self.transfers.max(1)),
            cleaner: match self.task {
                Task::Sync(rules) => Some(Cleaner::new(self, rules)),
                Task::Copy | Task::Move { .. } => None,
            },
            started: Instant::now(),
            was_full: AtomicBool::new(false),
        };
        let result = self.cancel.or_stop(self.rules.ceiling.or_end(self.carry_out(&tools))).await;
        match &result {
            Ok(()) if self.gate.is_dry_run() => {}
            Ok(()) => tools.copier.sweep().await,
            // On a full disk even what could be resumed is in the way.
            Err(error) => {
                let keep = error.kind() != Kind::NoSpace;
                within(CLEAN_UP, tools.clean_up(keep), || tools.unfinished()).await;
            }
        }
        result
    }

    fn copier(&self, source: Arc<dyn Fs>) -> Copier {
        Copier::new(source, Arc::clone(&self.destination), &self.files)
    }

    async fn carry_out(&self, tools: &Tools<'_>) -> Result<()> {
        let scope = self.check_places().await?;
        if scope == Scope::Nothing {
            return Ok(());
        }
        if self.task.is_move() && self.move_whole().await? {
            return Ok(());
        }
        if let (Some(cleaner), Task::Sync(rules)) = (&tools.cleaner, self.task)
            && rules.when == When::Before
            && self.only.is_none()
        {
            self.delete_first(cleaner).await?;
        }
        let mut preparation = Preparation::new(self);
        let work = self.actions(scope).try_filter_map(|action| ready(preparation.prepare(action)));
        if self.holds_back() {
            let work: Vec<_> = work.try_collect().await?;
            let work = self.in_order(work, &mut preparation).await?;
            self.work_off(tools, stream::iter(work.into_iter().map(Ok))).await?;
        } else {
            self.work_off(tools, work).await?;
        }
        self.finish(tools, preparation).await
    }

    async fn work_off(
        &self,
        tools: &Tools<'_>,
        work: impl stream::TryStream<Ok = Work, Error = crate::error::Error>,
    ) -> Result<()> {
        let ceiling = &self.rules.ceiling;
        work.try_take_while(|_| ready(Ok(!ceiling.is_met())))
            .try_for_each_concurrent(self.in_flight.max(1), |work| self.work(tools, work))
            .await?;
        ceiling.check()
    }

    /// Whether everything must be known before the first transfer.
    fn holds_back(&self) -> bool {
        self.rules.check_first || self.rules.order.is_some() || self.rules.renames.is_some()
    }

    /// What is done once everything is transferred: deleting, the times of folders, emptied folders, the disk.
    async fn finish(&self, tools: &Tools<'_>, preparation: Preparation<'_>) -> Result<()> {
        let Preparation { surplus, saw_files, times, source_folders, .. } = preparation;
        let deletes_now = matches!(self.task, Task::Sync(rules) if rules.when != When::Before);
        if let Some(cleaner) = tools.cleaner.as_ref().filter(|_| deletes_now && self.only.is_none()) {
            cleaner.delete_all(surplus, saw_files).await?;
        }
        let leaves_times = self.rules.leaves_folder_times;
        let model = self.files.metadata.as_deref().map(|preservation| Model {
            tree: &*self.source,
            preservation,
            stats: &self.stats,
            leaves_times,
        });
        if !leaves_times || model.is_some() {
            let has_failed = self.stats.errors().count > 0;
            times.set(&*self.destination, model, &self.gate, has_failed).await?;
        }
        if matches!(self.task, Task::Move { removes_empty_dirs: true }) {
            self.remove_empty(&*self.source, source_folders.iter()).await?;
        }
        let snapshot = self.stats.snapshot();
        if snapshot.transfers.total == 0 && snapshot.errors.count == 0 {
            log::info!("There was nothing to transfer");
        }
        tools.copier.settle().await
    }

    /// Deletes before anything is transferred, after both trees were read to the end.
    async fn delete_first(&self, cleaner: &Cleaner<'_>) -> Result<()> {
        let mut preparation = Preparation::new(self);
        let mut actions = self.actions(Scope::All);
        while let Some(action) = actions.next().await {
            preparation.look(action?)?;
        }
        cleaner.delete_all(preparation.surplus, preparation.saw_files).await
    }

    /// Refuses places that overlap, and finds out what of the source there is to copy.
    async fn check_places(&self) -> Result<Scope> {
        if let Some(backup) = self.rules.backup.as_ref().filter(|backup| backup.is_elsewhere) {
            let reason = "destination and parameter to --backup-dir mustn't overlap";
            refuse_overlap(&*self.destination, &*backup.tree, &self.filter, reason).await?;
            let reason = "source and parameter to --backup-dir mustn't overlap";
            refuse_overlap(&*self.source, &*backup.tree, &self.filter, reason).await?;
        }
        if let Some(single) = &self.only {
            return Ok(if self.is_same_file(single).await? { Scope::Nothing } else { Scope::All });
        }
        let relation = relation(&*self.source, &*self.destination).await?;
        if relation != Relation::Same && self.task != Task::Copy || matches!(self.task, Task::Sync(_)) {
            let reason = "can't sync or move files on overlapping remotes (try excluding the destination with a filter rule)";
            refuse_overlap(&*self.source, &*self.destination, &self.filter, reason).await?;
            return Ok(Scope::All);
        }
        Ok(match relation {
            Relation::Same => {
                log::error!("Nothing to do as source and destination are the same");
                Scope::Nothing
            }
            Relation::Holds(path) => {
                log::info!(object:% = path; "Not copied: it is the destination");
                Scope::Without(path)
            }
            Relation::LiesIn(_) | Relation::Apart => Scope::All,
        })
    }

    /// Whether a file would be written over itself, which is said.
    async fn is_same_file(&self, single: &Single) -> Result<bool> {
        if !is_one_system(&*self.source, &*self.destination).await? {
            return Ok(false);
        }
        let (from, to) = (RelPath::root().join(&single.from), RelPath::root().join(&single.to));
        let is_same = self.source.real_path(&from).await? == self.destination.real_path(&to).await?;
        if is_same {
            log::warn!(object:% = from; "Nothing to do as source and destination are the same");
        }
        Ok(is_same)
    }

    fn plan(&self) -> Plan {
        let deletes = matches!(self.task, Task::Sync(_));
        let limits = Limits {
            concurrency: self.folders,
            max_depth: self.max_depth,
            enter_destination_only: deletes || self.rules.witness.is_some(),
            filter: Arc::clone(&self.filter),
        };
        let (source, destination) = (Arc::clone(&self.source), Arc::clone(&self.destination));
        Plan::new(source, destination, limits, self.rules.comparison, self.rules.traversal)
    }

    fn actions(&self, scope: Scope) -> LocalBoxStream<'_, Result<Action>> {
        if let Some(single) = &self.only {
            return stream::once(self.plan_one(single))
                .map_ok(|all| stream::iter(all).map(Ok))
                .try_flatten()
                .boxed_local();
        }
        let plan = match scope {
            Scope::Without(path) => self.plan().without(path),
            Scope::All | Scope::Nothing => self.plan(),
        };
        stream::unfold(plan, |mut plan| async { Some((Ok(plan.next().await?), plan)) }).boxed_local()
    }

    /// Plans for a source that is one file.
    async fn plan_one(&self, single: &Single) -> Result<Vec<Action>> {
        let (from, to) = (RelPath::root().join(&single.from), RelPath::root().join(&single.to));
        let root = RelPath::root();
        let (source, replaces, folder) =
            join3(self.source.stat(&from), self.destination.stat(&to), self.destination.stat(&root)).await;
        let (source, has_parent) = (source?, present(folder)?.is_some());
        let is_link = self.task.is_move() && self.source.look_up(&from).await?.file_type != source.file_type;
        let replaces = present(replaces)?;
        let file = CopyFile { from, to, source, is_link, is_behind_link: false, replaces, has_parent };
        Ok(self.plan().one(file).await)
    }

    /// Turns transfers of files that were only renamed into renames, and sorts the rest.
    async fn in_order(&self, mut work: Vec<Work>, preparation: &mut Preparation<'_>) -> Result<Vec<Work>> {
        if let Some(strategy) = self.rules.renames {
            let (places, new): (Vec<_>, Vec<_>) = work
                .iter()
                .enumerate()
                .filter_map(|(place, work)| Some((place, work.new_file()?.clone())))
                .unzip();
            let trees = (&self.source, &self.destination);
            let mut renames = strategy.find(trees, &new, &preparation.surplus).await?;
            let mut kept: Vec<_> = std::mem::take(&mut preparation.surplus).into_iter().map(Some).collect();
            for (number, place) in places.into_iter().enumerate() {
                let Some(surplus) = renames.remove(&number) else { continue };
                let old: Option<Surplus> = kept.get_mut(surplus).and_then(Option::take);
                if let (Some(old), Some(work)) = (old, work.get_mut(place)) {
                    work.rename_from(old);
                }
            }
            preparation.surplus = kept.into_iter().flatten().collect();
        }
        Ok(match self.rules.order {
            Some(order) => order.sort(work, Work::file),
            None => work,
        })
    }
}

/// Waits for `work`, but no longer than `limit`; then names the incomplete files that are `left`.
pub(super) async fn within(limit: Duration, work: impl Future<Output = ()>, left: impl Fn() -> Vec<RelPath>) {
    let (sender, receiver) = oneshot::channel::<()>();
    let timer = std::thread::spawn(move || {
        std::thread::sleep(limit);
        drop(sender);
    });
    if let Either::Right(_) = select(pin!(work), receiver).await {
        let left = left();
        let named: Vec<_> = left.iter().take(NAMED).map(ToString::to_string).collect();
        let more = match left.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        log::warn!("could not remove within {limit:?} what is incomplete: {}{more}", named.join(", "));
    }
    drop(timer);
}
