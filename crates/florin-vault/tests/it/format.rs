//! What is stored is an `age` file, and anything else is damaged.

use crate::support::{content, folder, key, path, store};
use florin_testing::skip;
use florin_vault::VaultError;
use secrecy::ExposeSecret;
use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::str::FromStr;

#[tokio::test]
async fn another_key_does_not_read_it() {
    let (vault, _folder) = folder().await;
    let stored = store(&vault, &key(1), &content(100_000)).await;
    assert_eq!(vault.read(stored.name, &key(2), 100_000).await, Err(VaultError::Damaged));
}

#[tokio::test]
async fn what_was_changed_is_damaged() {
    let (vault, folder) = folder().await;
    let key = key(1);
    // Three chunks, so that whole ones can be cut off, swapped and repeated.
    let stored = store(&vault, &key, &content(3 * 65_536)).await;
    let path = path(folder.path(), stored.name);
    let whole = fs::read(&path).unwrap();
    let body = whole.len() - 3 * (65_536 + 16);
    let chunk = |number: usize| whole[body + number * 65_552..body + (number + 1) * 65_552].to_vec();
    let mut changed = Vec::new();
    for position in [0, 10, 40, 100, body - 20, body - 1, body, body + 65_551, body + 65_552, whole.len() - 1]
    {
        let mut flipped = whole.clone();
        flipped[position] ^= 1;
        changed.push((format!("flipped at {position}"), flipped));
    }
    for length in [0, 1, 50, body - 1, body, body + 1, body + 65_552, body + 2 * 65_552, whole.len() - 1] {
        changed.push((format!("cut to {length}"), whole[..length].to_vec()));
    }
    changed.push(("longer by a byte".to_owned(), [&whole[..], &[0]].concat()));
    changed.push(("a chunk twice".to_owned(), [&whole[..], &chunk(2)].concat()));
    changed.push(("swapped".to_owned(), [whole[..body].to_vec(), chunk(1), chunk(0), chunk(2)].concat()));
    for (what, bytes) in changed {
        fs::write(&path, bytes).unwrap();
        assert_eq!(vault.read(stored.name, &key, 4 * 65_536).await, Err(VaultError::Damaged), "{what}");
    }
    fs::write(&path, &whole).unwrap();
    assert!(vault.read(stored.name, &key, 3 * 65_536).await.is_ok());
}

#[tokio::test]
async fn more_than_asked_for_is_not_read() {
    let (vault, _folder) = folder().await;
    let key = key(1);
    for (length, max_bytes) in [(1, 0), (100, 99), (100_000, 99_999), (1_000_000, 1_000)] {
        let stored = store(&vault, &key, &content(length)).await;
        let result = vault.read(stored.name, &key, max_bytes).await;
        assert!(matches!(result, Err(VaultError::Unexpected(_))), "{length}: {result:?}");
    }
}

#[tokio::test]
async fn the_exported_identity_decrypts_it_elsewhere() {
    let (vault, folder) = folder().await;
    let content = content(200_000);
    let stored = store(&vault, &key(1), &content).await;
    let sealed = fs::read(path(folder.path(), stored.name)).unwrap();
    let exported = key(1).to_age_string();
    let identity = age::x25519::Identity::from_str(exported.expose_secret()).unwrap();
    assert_eq!(identity.to_public().to_string(), key(1).recipient().to_string());
    assert!(age::decrypt(&identity, &sealed).unwrap() == content);
}

#[tokio::test]
async fn the_standard_tool_decrypts_it() {
    let (vault, folder) = folder().await;
    let content = content(200_000);
    let stored = store(&vault, &key(1), &content).await;
    let identity = folder.path().join("identity");
    fs::File::create(&identity)
        .unwrap()
        .write_all(key(1).to_age_string().expose_secret().as_bytes())
        .unwrap();
    let mut age = Command::new("age");
    age.arg("--decrypt").arg("--identity").arg(&identity).arg(path(folder.path(), stored.name));
    let Ok(mut child) = age.stdout(Stdio::piped()).spawn() else {
        return skip("there is no `age` command");
    };
    let mut plain = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut plain).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(plain == content);
}
