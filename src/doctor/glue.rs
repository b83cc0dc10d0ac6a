//! The jobs, crawlers and databases of a source's layers.

use aws_sdk_glue::{Client, types::Crawler};

use super::{
    Verdict,
    probe::Probe,
    trouble::{Need, Trouble},
};
use crate::domain::source::{Catalog, Layer, Location, Source};

pub(super) fn probes<'a>(glue: &'a Client, source: &'a Source) -> Vec<Probe<'a>> {
    let layers = source.layers().into_iter().filter_map(|it| Some((it, source.layer(it)?)));
    let each = layers.flat_map(|(layer, work)| {
        let catalog = match &work.catalog {
            Catalog::Crawler(name) => {
                let crawler = async move { crawler(glue, name, layer, &source.latest).await };
                Probe::new("crawler", name, Need::Bots, crawler)
            }
            Catalog::Tables { database: name } => {
                Probe::new("Glue database", name, Need::Bots, async move { database(glue, name).await })
            }
        };
        let job = async move { job(glue, &work.glue_job).await };
        [Probe::new("Glue job", &work.glue_job, Need::Doctors, job), catalog]
    });
    // What is not classified is not guarded. A database that the bot keeps itself is looked at already.
    let guarded = source.normal.crawler().filter(|_| !source.rules.is_empty());
    let guarded =
        guarded.map(|it| Probe::new("Normal catalog", it, Need::Bots, async move { catalog(glue, it).await }));
    each.chain(guarded).collect()
}

/// Says whether the guard of the Normal layer can read the tables of the crawler's database.
async fn catalog(glue: &Client, crawler: &str) -> Verdict {
    let found = glue.get_crawler().name(crawler).send().await.ok().and_then(|it| it.crawler);
    match found.and_then(|it| it.database_name).filter(|it| !it.is_empty()) {
        Some(name) => database(glue, &name).await,
        None => Verdict::not_checked("its crawler tells no database"),
    }
}

/// Says whether the tables of a database can be read.
async fn database(glue: &Client, name: &str) -> Verdict {
    match glue.get_tables().database_name(name).max_results(1).send().await.map_err(Trouble::from) {
        Ok(_) => Verdict::ok(format!("the tables of {name} can be read")),
        Err(trouble) if trouble.is("EntityNotFound") => Verdict::failed(
            format!("there is no database {name}"),
            "Create the database in Glue, or name another one in the crawler, or in `database` of the layer.",
        ),
        Err(trouble) => trouble.verdict(Need::Bots, "glue:GetTables"),
    }
}

async fn job(glue: &Client, name: &str) -> Verdict {
    match glue.get_job().job_name(name).send().await.map_err(Trouble::from) {
        Ok(found) => {
            let most = found.job().and_then(|it| it.execution_property()).map_or(1, |it| it.max_concurrent_runs());
            Verdict::ok(format!("runs {most} at once"))
        }
        Err(trouble) if trouble.is("EntityNotFound") => {
            Verdict::failed("there is no such job", "Create the job in Glue, or mend `glue_job` of the layer.")
        }
        Err(trouble) => trouble.verdict(Need::Doctors, "glue:GetJob"),
    }
}

async fn crawler(glue: &Client, name: &str, layer: Layer, latest: &Location) -> Verdict {
    match glue.get_crawler().name(name).send().await.map_err(Trouble::from) {
        Ok(found) => found
            .crawler()
            .map_or_else(|| Verdict::not_checked("Glue shows nothing of it"), |it| judge(it, layer, latest)),
        Err(trouble) if trouble.is("EntityNotFound") => {
            Verdict::failed("there is no such crawler", "Create the crawler in Glue, or mend `crawler` of the layer.")
        }
        Err(trouble) => trouble.verdict(Need::Bots, "glue:GetCrawler"),
    }
}

fn judge(crawler: &Crawler, layer: Layer, latest: &Location) -> Verdict {
    let targets = crawler.targets().map(|it| it.s3_targets()).unwrap_or_default();
    let paths: Vec<String> =
        targets.iter().filter_map(|it| it.path()).map(|it| format!("{}/", it.trim_end_matches('/'))).collect();
    let raw = latest.url();
    match paths.iter().find(|it| it.starts_with(&raw) || raw.starts_with(*it)) {
        Some(path) if layer == Layer::Normal => Verdict::hint(
            format!("catalogs {path}, which is the untransformed copy of the database"),
            "Let the crawler of the normal layer read only what its job has written: nobody approves that layer.",
        ),
        Some(_) | None => Verdict::ok(format!(
            "catalogs {}",
            if paths.is_empty() { "no S3 path".to_owned() } else { paths.join(", ") }
        )),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_glue::types::{CrawlerTargets, S3Target};

    use super::*;

    #[test]
    fn a_catalog_of_untransformed_data_is_pointed_out() {
        let latest = Location { bucket: "lake".into(), prefix: "latest/shop".into() };
        let crawler = |path: &str| {
            let targets = CrawlerTargets::builder().s3_targets(S3Target::builder().path(path).build()).build();
            Crawler::builder().targets(targets).build()
        };
        for (path, fine) in [
            ("s3://lake/normal/shop", true),
            ("s3://lake/latest/shop-normal/", true),
            ("s3://lake/latest/shop/db", false),
            ("s3://lake/latest/", false),
        ] {
            let verdict = judge(&crawler(path), Layer::Normal, &latest);
            assert_eq!(matches!(verdict, Verdict::Ok { .. }), fine, "{path}");
        }
        assert!(matches!(judge(&crawler("s3://lake/latest/"), Layer::Sensitive, &latest), Verdict::Ok { .. }));
    }
}
