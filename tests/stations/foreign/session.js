// A session at the station of em-ocpp-chargepoint-simulator, in its own batch language: what it sends, frames, queues and
// answers is its doing. It knows no charging profiles; where LIMITED is set, this script gives it a limit for them.
const cp = await connect(process.env.STATION_URL);
const RATING_W = 22000;
let limitW = RATING_W;

const watts = (schedule) => {
  const limit = schedule.chargingSchedulePeriod[0].limit;
  return schedule.chargingRateUnit === "W" ? limit : limit * 230 * 3;
};
if (process.env.LIMITED) {
  cp.registeredCallbacks.set("SetChargingProfile", {
    cb: async (request) => {
      const profile = request.payload.csChargingProfiles;
      if (profile.stackLevel === 1) limitW = watts(profile.chargingSchedule);
      cp.sendResponse(request.uniqueId, { status: "Accepted" });
    },
  });
}
cp.answerGetConfiguration(async (request) => cp.sendResponse(request.uniqueId, { configurationKey: [] }));

const status = (word) =>
  cp.sendStatusNotification({ connectorId: 1, errorCode: "NoError", status: word, timestamp: new Date().toISOString() });
await cp.sendBootnotification({ chargePointVendor: "others", chargePointModel: "simulator" });
await status("Preparing");
const transaction = await cp.startTransaction({
  connectorId: 1, idTag: "TAG", meterStart: 0, timestamp: new Date().toISOString(),
});
await status("Charging");
for (;;) {
  const power = { value: String(Math.min(limitW, RATING_W)), measurand: "Power.Active.Import", unit: "W" };
  await cp.meterValues({
    connectorId: 1,
    transactionId: transaction.transactionId,
    meterValue: [{ timestamp: new Date().toISOString(), sampledValue: [power] }],
  });
  await cp.sleep(1000);
}
