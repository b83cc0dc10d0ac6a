use proptest::prelude::{any, proptest};
use rstest::rstest;

use super::*;
use crate::{
    domain::{forecast::Needed, source::Publish},
    projection::{
        testing::{
            WORDS,
            limits::check,
            plans::{bare, done, full, plan},
            reader::read,
        },
        text::Locale,
    },
};

fn shown(locale: Locale, forecast: &Forecast) -> String {
    let message = message(WORDS.voice(locale), forecast);
    check(&message);
    read(&message)
}

#[rstest]
fn plans_read_well(#[values(Locale::En, Locale::Ja)] locale: Locale) {
    let holder = full().run.with_attempt(3);
    let waits = Forecast { holder: Some(holder), only: vec![], latest: Latest::Same, ..full() };
    let Latest::Replaced { export_task, snapshot_time, published_at, .. } = full().latest else { unreachable!() };
    let loss = Some(Loss::default());
    let replaced = |newer, loss: &Option<Loss>| Latest::Replaced {
        export_task: export_task.clone(),
        snapshot_time,
        published_at,
        newer,
        loss: loss.clone(),
    };
    let plans = [
        full(),
        bare(),
        done(),
        waits,
        Forecast { latest: replaced(true, &None), exports: Some(5), ..bare() },
        Forecast { latest: replaced(false, &loss), ..bare() },
        Forecast { latest: Latest::Unpublished, ..bare() },
        Forecast { latest: Latest::Unpublished, publish: Publish::Pointer, ..bare() },
    ];
    let all: Vec<String> = plans.iter().map(|it| shown(locale, it)).collect();
    insta::with_settings!({ snapshot_suffix => locale.as_str(), omit_expression => true }, {
        insta::assert_snapshot!("plans", all.join("\n──\n"));
    });
}

#[test]
fn nothing_is_smuggled_in_and_no_secret_is_shown() {
    let text = shown(Locale::En, &full());
    assert!(text.contains("&lt;!channel&gt;") && !text.contains("hunter2"), "{text}");
}

proptest! {
    #[test]
    fn any_plan_is_within_the_limits(
        texts in proptest::collection::vec(any::<String>(), 1..200), marks in "[&<>`*\n]{0,3000}", tables in 0_usize..200,
        number in any::<f64>(),
    ) {
        let text = format!("{}{marks}", texts[0]);
        let mut forecast = plan(&["learning.t000"], tables, &[]);
        forecast.snapshot.clone_from(&text);
        forecast.only.clone_from(&texts);
        forecast.approval = Some(Needed { approvers: texts, quorum: 2 });
        forecast.reason = Some(text);
        if let Some(export) = forecast.cost.as_mut().and_then(|it| it.export.as_mut()) {
            export.amount = number;
        }
        for locale in Locale::ALL {
            shown(locale, &forecast);
        }
    }
}
