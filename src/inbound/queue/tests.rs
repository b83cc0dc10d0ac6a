use super::*;

#[test]
fn pauses_double_up_to_twenty_seconds_and_are_not_all_alike() {
    let longest: Vec<u64> = [0, 1, 2, 5, 6, 30].map(|it| u64::try_from(pause(it, 0).as_millis()).unwrap()).to_vec();
    assert_eq!(longest, [500, 1000, 2000, 16_000, 20_000, 20_000]);
    for random in [1, 249, 250, u64::MAX] {
        let pause = pause(0, random);
        assert!(pause > FIRST_PAUSE / 2 && pause <= FIRST_PAUSE, "{random}: {pause:?}");
    }
}
