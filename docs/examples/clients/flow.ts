// A client generated from openapi.json, from a new user to the webhook of a transfer.
//
//   npx @hey-api/openapi-ts@0.95.0 -i https://…/openapi.json -o florin -c @hey-api/client-fetch
//   FLORIN_URL=… FLORIN_API_KEY=… npx tsx flow.ts front.jpg selfie.jpg
import { openAsBlob } from "node:fs";
import { client } from "./florin/client.gen";
import {
    createTransfer,
    createUser,
    fundBalance,
    getInbox,
    getTransfer,
    getUserTransactions,
    submitVerification,
    uploadKycFiles,
} from "./florin";
import type { InboxItem } from "./florin";

const [frontPath, selfiePath] = process.argv.slice(2);
const { FLORIN_URL, FLORIN_API_KEY } = process.env;
if (!FLORIN_URL || !FLORIN_API_KEY || !frontPath || !selfiePath) {
    throw new Error("set FLORIN_URL and FLORIN_API_KEY, and name two photos");
}
client.setConfig({ baseUrl: FLORIN_URL, headers: { "x-api-key": FLORIN_API_KEY }, throwOnError: true });

function check(holds: boolean, what: string): void {
    if (!holds) throw new Error(`not as expected: ${what}`);
}

/** Reads webhooks until one is wanted. */
async function waitFor<Item extends InboxItem>(isWanted: (item: InboxItem) => item is Item): Promise<Item> {
    for (let after = 0, reads = 0; reads < 10; reads += 1) {
        const { data: page } = await getInbox({ query: { after, wait: 10 }, throwOnError: true });
        const found = page.data.find(isWanted);
        if (found) return found;
        after = page.nextAfter;
    }
    throw new Error("the webhook did not come");
}

type KycVerification = Extract<InboxItem, { type: "kyc_verification.status" }>;
type Transfer = Extract<InboxItem, { type: "transfer" }>;

/** A user that may pay and be paid. */
async function verifiedUser(externalUserId: string): Promise<void> {
    await createUser({
        body: {
            externalUserId,
            email: `${externalUserId}@example.com`,
            phone: "+447700900123",
            firstName: "Ada",
            lastName: "Lovelace",
            birthDate: "1990-12-10",
            street: "St James's Square",
            number: "12",
            city: "London",
            postCode: "SW1Y 4LE",
            country: "GB",
            citizenship: "GB",
            hasAcceptedP100Tc: true,
        },
        throwOnError: true,
    });
    await uploadKycFiles({
        path: { externalUserId },
        body: { front_id: await openAsBlob(frontPath!), selfie: await openAsBlob(selfiePath!) },
        throwOnError: true,
    });
    await submitVerification({
        body: {
            externalUserId,
            documentType: "PASSPORT",
            documentNumber: "L898902C3",
            documentExpirationDate: "2031-04-15",
            documentIssuingCountry: "GB",
            incomeSource: "SALARY",
            occupation: "ENGINEERING",
            openAccountReason: "DAILY_USE",
        },
        throwOnError: true,
    });
    await waitFor(
        (item): item is KycVerification =>
            item.type === "kyc_verification.status" &&
            item.payload.externalUserId === externalUserId &&
            item.payload.verificationStatus === "VERIFIED",
    );
}

async function main(): Promise<void> {
    await verifiedUser("ada");
    await verifiedUser("charles");
    await fundBalance({ body: { externalUserId: "ada", amount: "100.00", currency: "eur" }, throwOnError: true });
    const { data: made } = await createTransfer({
        body: {
            sourceExternalUserId: "ada",
            destinationExternalUserId: "charles",
            amount: "12.50",
            currency: "eur",
            reference: "Lunch",
        },
        headers: { "Idempotency-Key": "lunch-1" },
        throwOnError: true,
    });

    const { transferId } = made;
    const { data: details } = await getTransfer({ path: { transferId }, throwOnError: true });
    check(details.sourceExternalUserId === "ada" && details.reference === "Lunch", "the details");

    const { data: history } = await getUserTransactions({ path: { externalUserId: "ada" }, throwOnError: true });
    const line = history.data.find(({ id }) => id === transferId);
    check(line?.amount === "-12.50" && line.balanceAfter === "87.50", "the history");

    const webhook = await waitFor(
        (item): item is Transfer => item.type === "transfer" && item.payload.id === transferId,
    );
    check(webhook.payload.destinationExternalUserId === "charles", "the webhook");

    // A refusal is an answer with a code.
    const refused = await createTransfer({
        body: { sourceExternalUserId: "ada", destinationExternalUserId: "charles", amount: "1000", currency: "eur" },
        throwOnError: false,
    });
    check(refused.error?.errorCode === "P433", "the refusal");
    console.log("done");
}

main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
});
