//! The pictures of the strategies: drawn from what was recorded, and true.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use stress::timeline::{
    Label, MODES, Mode, Outcome, Plan, Promise, Recording, Rotation, picture, record, summary, table, title,
    with_table,
};
use testbed::environment::repository;

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn recorded(mode: &Mode) -> Recording {
    let text = read(&format!("docs/timeline/{}.json", mode.file));
    let recording = Recording::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", mode.file));
    assert_eq!(recording.text(), text, "{}: a recording is written as it is read", mode.file);
    recording
}

#[test]
fn every_picture_is_what_is_drawn_of_its_recording() {
    for mode in MODES {
        let drawn = picture(&recorded(&mode));
        let kept = read(&format!("docs/timeline/{}.svg", mode.file));
        assert!(drawn == kept, "{}: run `make timeline TIMELINE=--draw`", mode.file);
    }
}

#[test]
fn the_table_of_strategies_has_the_numbers_of_the_recordings() {
    let page = read("docs/strategies.md");
    let table = table(&MODES.map(|mode| recorded(&mode)));
    assert_eq!(with_table(&page, &table).as_ref(), Some(&page), "run `make timeline TIMELINE=--draw`");
}

#[test]
fn every_strategy_has_a_picture_and_every_file_a_strategy() {
    let strategy = |function: &str| function.split_once('-').map(|(_, strategy)| strategy.to_owned());
    let functions = fs::read_dir(repository().join("crates/functions/src/bin")).expect("the functions");
    let functions = functions.map(|entry| entry.expect("a file").path());
    let named: BTreeSet<_> = functions.filter_map(|file| strategy(file.file_stem()?.to_str()?)).collect();
    let drawn: BTreeSet<_> = MODES.iter().filter_map(|mode| strategy((mode.setup)().function)).collect();
    assert_eq!(drawn, named);
    let files = fs::read_dir(repository().join("docs/timeline")).expect("the pictures");
    let files: BTreeSet<_> =
        files.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    let expected = MODES.iter().flat_map(|mode| ["json", "svg"].map(|end| format!("{}.{end}", mode.file)));
    assert_eq!(files, expected.collect());
}

#[test]
fn the_page_of_strategies_shows_every_picture_with_an_alternative_text() {
    let (page, readme) = (read("docs/strategies.md"), read("README.md"));
    let alternative = |page: &str, link: &str| {
        let (before, _) = page.split_once(&format!("]({link})"))?;
        Some(before.rsplit_once("![")?.1.to_owned())
    };
    for mode in MODES {
        let text = alternative(&page, &format!("timeline/{}.svg", mode.file)).unwrap_or_default();
        assert!(
            text.to_lowercase().starts_with(&format!("{}: ", mode.name.to_lowercase())),
            "{}: {text}",
            mode.file
        );
    }
    let shown = MODES.iter().filter_map(|mode| {
        alternative(&readme, &format!("docs/timeline/{}.svg", mode.file)).map(|text| (mode, text))
    });
    let shown: Vec<_> = shown.collect();
    assert!(shown.len() >= 2, "README.md shows {} pictures", shown.len());
    for (mode, text) in shown {
        assert!(
            text.to_lowercase().starts_with(&format!("{}: ", mode.name.to_lowercase())),
            "{}: {text}",
            mode.file
        );
    }
}

#[test]
fn a_picture_has_a_title_a_description_and_colours_for_dark_pages() {
    for mode in MODES {
        let recording = recorded(&mode);
        let drawn = picture(&recording);
        for part in [
            format!("<title id=\"title\">{}</title>", title(&recording)),
            format!("<desc id=\"desc\">{}</desc>", summary(&recording)),
            "@media (prefers-color-scheme: dark)".to_owned(),
        ] {
            assert!(drawn.contains(&part), "{}: {part}", mode.file);
        }
        // Each colour that is drawn has a dark one.
        for colour in drawn.split("=\"#").skip(1).filter_map(|rest| rest.get(..6)) {
            assert!(drawn.contains(&format!("[fill=\"#{colour}\"] {{ fill: #")), "{}: {colour}", mode.file);
        }
    }
}

/// What a strategy promises to an application that reads AWSCURRENT, of one rotation.
fn keeps_its_promise(mode: &Mode, rotation: &Rotation) -> Result<(), String> {
    let (begin, _) = rotation.step("setSecret").ok_or("no setSecret")?;
    let (_, end) = rotation.step("finishSecret").ok_or("no finishSecret")?;
    for sign_in in rotation.rejected() {
        let is_in_the_gap = sign_in.1 >= begin && sign_in.0 <= end;
        if mode.promise == Promise::EverySignIn || !is_in_the_gap {
            return Err(format!("{}: rejected: {sign_in:?}, gap from {begin} to {end}", mode.name));
        }
    }
    Ok(())
}

/// What holds of every rotation that succeeds: three labels move, and in the end AWSCURRENT signs in.
fn is_a_rotation(mode: &Mode, rotation: &Rotation) {
    let context = format!("{}: {rotation:#?}", mode.name);
    let [.., old, new] = &rotation.versions[..] else { panic!("{context}") };
    let labels =
        |lane: &stress::timeline::Lane| -> Vec<_> { lane.labels.iter().map(|span| span.label).collect() };
    assert_eq!(labels(old), [Label::Current, Label::Previous], "{context}");
    assert_eq!(labels(new), [Label::Pending, Label::Current], "{context}");
    assert_eq!(new.sign_ins.last().map(|sign_in| sign_in.2), Some(Outcome::Accepted), "{context}");
    assert_eq!(rotation.application.last().map(|sign_in| sign_in.2), Some(Outcome::Accepted), "{context}");
    let old_signs_in = old.sign_ins.last().map(|sign_in| sign_in.2 == Outcome::Accepted);
    assert_eq!(old_signs_in, Some(mode.promise == Promise::EverySignIn), "{context}");
}

#[test]
fn the_recordings_show_what_each_strategy_promises() {
    for mode in MODES {
        let recording = recorded(&mode);
        assert_eq!(
            (recording.mode.as_str(), recording.function.as_str()),
            (mode.name, (mode.setup)().function)
        );
        assert!(recording.rotations.len() > 1, "{}", mode.name);
        for rotation in &recording.rotations {
            is_a_rotation(&mode, rotation);
            assert_eq!(keeps_its_promise(&mode, rotation), Ok(()));
            // A picture of a gap shows one.
            assert_eq!(
                rotation.rejected().count() > 0,
                mode.promise == Promise::OutsideTheGap,
                "{}",
                mode.name
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotations_recorded_now_keep_what_each_strategy_promises() {
    let plan = Plan { rotations: 2, delay: Duration::from_millis(20) };
    for mode in MODES.into_iter().filter(Mode::has_server) {
        let recording = record(&mode, plan).await;
        assert_eq!(recording.rotations.len(), plan.rotations);
        for rotation in &recording.rotations {
            is_a_rotation(&mode, rotation);
            assert_eq!(keeps_its_promise(&mode, rotation), Ok(()));
        }
        assert_eq!(Recording::parse(&recording.text()).ok(), Some(recording), "{}", mode.name);
    }
}

#[test]
fn a_sign_in_that_is_rejected_before_set_secret_breaks_the_promise_of_single_user() {
    let with = |promise| MODES.into_iter().find(|mode| mode.promise == promise).expect("a mode");
    let single_user = with(Promise::OutsideTheGap);
    let mut recording = recorded(&single_user);
    let rotation = &mut recording.rotations[0];
    assert!(keeps_its_promise(&with(Promise::EverySignIn), rotation).is_err(), "it has rejected sign-ins");
    let first = &mut rotation.application[0];
    assert!(first.1 < 0.0, "a record begins before createSecret");
    first.2 = Outcome::Rejected;
    assert!(keeps_its_promise(&single_user, rotation).is_err());
}
